import { firstWord, withSeparator } from '../../../../src/ctl/program/command-words';
import { makeProgram } from '../../../../src/ctl/program/program';
import type { Tool } from '../../../../src/ctl/tool';

const made = makeProgram({ io: { stdout: process.stdout, stderr: process.stderr } } as unknown as Tool);

test.each([
  ['run --rm --host sh -c true', 'run --rm --host -- sh -c true'],
  ['run -d busybox ls -l', 'run -d -- busybox ls -l'],
  ['run --host -e A=1 --memory=64m -u nobody sleep 1', 'run --host -e A=1 --memory=64m -u nobody -- sleep 1'],
  ['run -dte A=1 --host env', 'run -dte A=1 --host -- env'],
  ['run -deA=1 --host env', 'run -deA=1 --host -- env'],
  ['exec web ls -l', 'exec web -- ls -l'],
  ['exec web -t -e A=1 sh -c env', 'exec web -t -e A=1 -- sh -c env'],
  ['-s /sock exec web ls -s', '-s /sock exec web -- ls -s'],
  ['exec -s /sock web ls -s', 'exec -s /sock web -- ls -s'],
  // These say it themselves, or have no command.
  ['run --host -- sh -c true', 'run --host -- sh -c true'],
  ['run busybox -- git log -- file', 'run busybox -- git log -- file'],
  ['run --bundle /box', 'run --bundle /box'],
  ['exec web', 'exec web'],
  ['stop web db', 'stop web db'],
])('%s', async (line, expected) => {
  expect(withSeparator(line.split(' '), await made).join(' ')).toBe(expected);
});

test('the first word is none of an option', async () => {
  const program = await made;
  expect(firstWord(['-s', '/sock', '--no-color', 'status', 'web'], program)).toBe('status');
  expect(firstWord(['--json'], program)).toBeUndefined();
});
