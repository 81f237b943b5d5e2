import { chmodSync, writeFileSync } from 'node:fs';

import { makeFifo } from './fifo';

/**
 * How a fake runtime behaves at `create`, or at the command that its name begins with; all else goes to runc.
 *
 * - `hangs`: never ends; one process
 * - `hangs-with-child`: never ends, waiting for a child process that does not end either
 * - `prints-garbage`: fails after bytes that are no JSON, in its log and on both outputs
 * - `fails-silently`: exit status 1 and not a word
 * - `fails-with-log`: exit status 1 and an error line `made to fail` in the log
 * - `succeeds-without-pid`: exit status 0, and no container and no pid file
 * - `dies-of-signal`: SIGKILLs itself
 * - `start-fails`: exit status 1 at `start` and an error line `made to fail at start` in the log
 * - `waits`, `start-waits`: `create` or `start` does its work once a line has been written to `<path>.never`
 * - `start-hangs`, `pause-hangs`, `delete-hangs`: that command never ends, the container being there
 */
export type FakeRuntimeBehaviour =
  | 'hangs'
  | 'hangs-with-child'
  | 'prints-garbage'
  | 'fails-silently'
  | 'fails-with-log'
  | 'succeeds-without-pid'
  | 'dies-of-signal'
  | 'start-fails'
  | 'waits'
  | 'start-waits'
  | 'start-hangs'
  | 'pause-hangs'
  | 'delete-hangs';

/**
 * Writes a runtime program that misbehaves, for `runtime` of CreateContainer.
 *
 * @param path of the program; `<path>.called` appears when it has been called to misbehave, and what hangs
 *   reads the FIFO `<path>.never`, so that its processes are found by their command lines
 * @returns the path
 */
export function writeFakeRuntime(path: string, behaviour: FakeRuntimeBehaviour): string {
  if (/hangs|waits/.test(behaviour)) makeFifo(`${path}.never`);
  const command = /^(start|pause|delete)-/.exec(behaviour)?.[1] ?? 'create';
  writeFileSync(path, script(path, command, bodyOf(behaviour, path)));
  chmodSync(path, 0o755);
  return path;
}

/** The command is the first argument that belongs to no global flag; `--log` and its kin are two arguments each. */
function script(path: string, command: string, body: string): string {
  return `#!/bin/sh
log=/dev/null
previous=
for argument in "$@"; do
  [ "$previous" = --log ] && log=$argument
  if [ "$argument" = ${command} ]; then
    : > '${path}.called'
    ${body}
  fi
  previous=$argument
done
exec runc "$@"
`;
}

function bodyOf(behaviour: FakeRuntimeBehaviour, path: string): string {
  switch (behaviour) {
    case 'hangs':
    case 'start-hangs':
    case 'pause-hangs':
    case 'delete-hangs':
      return `exec cat '${path}.never'`;
    case 'waits':
    case 'start-waits':
      return `read -r line < '${path}.never'`;
    case 'hangs-with-child':
      return `cat '${path}.never' & wait; exit 1`;
    case 'prints-garbage':
      return `printf '\\000\\377{"level":"err' | tee "$log" >&2; echo '}]garbage'; exit 1`;
    case 'fails-silently':
      return 'exit 1';
    case 'fails-with-log':
    case 'start-fails': {
      const message = behaviour === 'start-fails' ? 'made to fail at start' : 'made to fail';
      return `echo '{"level":"error","msg":"${message}","time":"2017-01-01T00:00:00Z"}' >> "$log"; exit 1`;
    }
    case 'succeeds-without-pid':
      return 'exit 0';
    case 'dies-of-signal':
      return 'kill -9 $$';
  }
}
