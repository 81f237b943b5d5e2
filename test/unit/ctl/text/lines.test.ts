import { Event } from '../../../../src/api/gen/api';
import { painterFor } from '../../../../src/ctl/text/colour';
import { eventHeader, eventJson, eventLine } from '../../../../src/ctl/text/event-line';
import { resultLine, resultStatus } from '../../../../src/ctl/text/result-line';
import { statusLines, type StatusRow } from '../../../../src/ctl/text/status-line';

const plain = painterFor(false, {});
const up: StatusRow = { name: 'web', state: 'RUNNING', pid: 53, uptimeSeconds: 125, exitedAt: undefined, exitStatus: undefined };

describe('status lines', () => {
  test("supervisorctl's columns: the name to 33, the state to 10", () => {
    expect(statusLines([up], plain)).toEqual([`web${' '.repeat(30)}RUNNING   pid 53, uptime 0:02:05`]);
  });

  test('a name longer than 30 widens the column for all to its length and 3', () => {
    const long = 'n'.repeat(40);
    expect(statusLines([up, { ...up, name: long, state: 'PAUSED' }], plain)).toEqual([
      `web${' '.repeat(40)}RUNNING   pid 53, uptime 0:02:05`,
      `${long}   PAUSED    pid 53, uptime 0:02:05`,
    ]);
  });

  test.each([
    [{ state: 'EXITED', exitedAt: new Date(2016, 7, 29, 10, 47) }, 'EXITED    Aug 29 10:47 AM'],
    [{ state: 'STOPPED', exitedAt: undefined }, 'STOPPED   Not started'],
    [{ state: 'RUNNING', uptimeSeconds: undefined }, 'RUNNING   pid 53'],
  ] as const)('%j', (change, end) => {
    expect(statusLines([{ ...up, ...change }], plain)).toEqual([`web${' '.repeat(30)}${end}`]);
  });

  test('colours leave the columns where they are', () => {
    expect(statusLines([up], painterFor(true, {}))).toEqual([
      `web${' '.repeat(30)}\u001b[32mRUNNING   \u001b[0mpid 53, uptime 0:02:05`,
    ]);
  });
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

describe('event lines', () => {
  const exit = Event.fromPartial({
    type: 'exit',
    id: 'web',
    pid: 'init',
    status: 143,
    timestamp: { seconds: 1_472_467_620n, nanos: 42 },
  });

  test('columns of 31', () => {
    expect(eventHeader).toBe(`TIME${' '.repeat(27)}TYPE${' '.repeat(27)}ID${' '.repeat(29)}PID${' '.repeat(28)}STATUS`);
    expect(eventLine(exit)).toBe(
      `2016-08-29T10:47:00.000000042Z exit${' '.repeat(27)}web${' '.repeat(28)}init${' '.repeat(27)}143`,
    );
  });

  test('a long id pushes the rest on', () => {
    expect(eventLine({ ...exit, id: 'x'.repeat(64) })).toContain(`${'x'.repeat(64)} init `);
  });

  test('the deprecated seconds of the oldest daemons', () => {
    expect(eventLine({ ...exit, timestamp: undefined, seconds: 5n })).toMatch(/^1970-01-01T00:00:05\.000000000Z /);
  });

  test('JSON has no members that mean nothing', () => {
    expect(JSON.parse(eventJson(exit))).toEqual({
      time: '2016-08-29T10:47:00.000000042Z',
      type: 'exit',
      id: 'web',
      pid: 'init',
      status: 143,
    });
    expect(JSON.parse(eventJson({ ...exit, type: 'oom', pid: '' }))).toEqual({
      time: '2016-08-29T10:47:00.000000042Z',
      type: 'oom',
      id: 'web',
    });
  });
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
