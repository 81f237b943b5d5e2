import { Container, State } from '../../../../src/api/gen/holdfast/v1/containers';
import { painterFor } from '../../../../src/ctl/text/colour';
import { nearNames } from '../../../../src/runtime/text/near';
import { resultLine, resultStatus } from '../../../../src/ctl/text/result-line';
import { formatSize } from '../../../../src/runtime/text/size';
import { statusLines } from '../../../../src/ctl/text/status-line';
import { tableLines } from '../../../../src/ctl/text/table';
import { splitWords } from '../../../../src/runtime/text/words';

const plain = painterFor(false, {});
const nowMs = 1_472_467_620_000;
const up = Container.fromPartial({ name: 'web', state: State.RUNNING, pid: 53, started_at: { seconds: BigInt(nowMs / 1000 - 125), nanos: 0 } });

describe('status lines', () => {
  test("supervisorctl's columns: the name to 33, the state to 10", () => {
    expect(statusLines([up], nowMs, plain)).toEqual([`web${' '.repeat(30)}RUNNING   pid 53, uptime 0:02:05`]);
  });

  test('a name longer than 30 widens the column for all to its length and 3', () => {
    const long = 'n'.repeat(40);
    expect(statusLines([up, { ...up, name: long, paused: true }], nowMs, plain)).toEqual([
      `web${' '.repeat(40)}RUNNING   pid 53, uptime 0:02:05`,
      `${long}   RUNNING   pid 53, uptime 0:02:05, paused`,
    ]);
  });

  test('colours leave the columns where they are', () => {
    expect(statusLines([up], nowMs, painterFor(true, {}))).toEqual([
      `web${' '.repeat(30)}\u001b[32mRUNNING   \u001b[0mpid 53, uptime 0:02:05`,
    ]);
  });
});

describe('tables', () => {
  const rows = [{ a: 'short', b: '1' }, { a: 'a rather long name', b: '22' }];
  const columns = [{ heading: 'NAME', cell: ({ a }: { a: string }) => a }, { heading: 'N', cell: ({ b }: { b: string }) => b }, { heading: 'MORE', cell: () => 'x' }];

  test('are as wide as they are where nobody says', () => {
    expect(tableLines(rows, columns, { width: undefined })).toEqual(['NAME                N   MORE', 'short               1   x', 'a rather long name  22  x']);
  });

  test('lose columns before the first is cut', () => {
    expect(tableLines(rows, columns, { width: 22, leaving: ['MORE', 'N'] })).toEqual(['NAME                N', 'short               1', 'a rather long name  22']);
    expect(tableLines(rows, columns, { width: 10, leaving: ['MORE', 'N'] })).toEqual(['NAME', 'short', 'a rather …']);
  });
});

test('near names: one typing error, or the beginning of one', () => {
  const known = ['web', 'worker', 'mail', 'web-1', 'web-2'];
  expect(nearNames('wbe', known)).toEqual(['web']);
  expect(nearNames('wrker', known)).toEqual(['worker']);
  expect(nearNames('we', known)).toEqual(['web', 'web-1', 'web-2']);
  expect(nearNames('postgres', known)).toEqual([]);
});

test.each([[0, '0'], [1023, '1023'], [1024, '1.0K'], [432_013_312, '412M'], [1_073_741_824, '1.0G']])('%i bytes are %s', (bytes, text) => {
  expect(formatSize(bytes)).toBe(text);
});

test('words of a line', () => {
  expect(splitWords(`exec web -- sh -c 'echo "a b"' c\\ d "e 'f"`)).toEqual(['exec', 'web', '--', 'sh', '-c', 'echo "a b"', 'c d', "e 'f"]);
  expect(splitWords(' ')).toEqual([]);
  expect(splitWords("''")).toEqual(['']);
  expect(splitWords('"open')).toBeUndefined();
});

test.each([
  [false, {}],
  [true, { NO_COLOR: '1' }],
  [true, { TERM: 'dumb' }],
])('no colours: terminal %s, %j', (isTerminal, env) => {
  expect(painterFor(isTerminal, env)('red', 'x')).toBe('x');
});

test('an empty NO_COLOR says nothing', () => {
  expect(painterFor(true, { NO_COLOR: '' })('red', 'x')).toBe('\u001b[31mx\u001b[0m');
});

test.each([
  ['started', 'web: started', 0],
  ['stopped', 'web: stopped', 0],
  ['signalled', 'web: signalled', 0],
  ['already started', 'web: ERROR (already started)', 0],
  ['not running', 'web: ERROR (not running)', 0],
  ['no such process', 'web: ERROR (no such process)', 1],
  ['spawn error', 'web: ERROR (spawn error)', 7],
  ['abnormal termination', 'web: ERROR (abnormal termination)', 7],
] as const)('the result %s', (result, line, status) => {
  expect(resultLine('web', result)).toBe(line);
  expect(resultStatus(result)).toBe(status);
});
