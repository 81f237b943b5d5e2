import type { ProcessSpec } from '../bundle/process-spec';
import { quote, splitEnvironment } from './environment';
import { settersOf, userOf } from './setters';

/** A process of a host program, and where what it is made with lies. */
export interface StubRequest {
  readonly spec: ProcessSpec;
  /** Directories of its cgroup. */
  readonly cgroup: readonly string[];
  /** Where its pid will be written: with it a stub is known for what a runtime's call is (src/worker/runtime/runtime-orphans.ts). */
  readonly pidFile: string;
  /** What it waits on. */
  readonly startFifo: string;
  readonly readyFifo: string;
  readonly environmentFile: string;
  readonly errorsFile: string;
  /** The slave's path, where it has a terminal. */
  readonly terminal?: string | undefined;
  /** A pid namespace: a new one, or the one of that process. */
  readonly pidNamespace?: 'new' | number | undefined;
}

/** How a host program's process is started. */
export interface StubCommand {
  readonly file: string;
  readonly args: readonly string[];
  /** The content of the environment file, which is to be readable by the process's user alone. */
  readonly environment: string;
  /** The process that is started makes another one, which is the one that counts. */
  readonly forks: boolean;
}

const SHELL = '/bin/sh';

/** $3: directory, $4: umask, $5: the program's name, $6: where it is looked for; then what is executed. */
const STUB = [
  'refuse() { printf "%s\\n" "$2" >&2; exit "$1"; }',
  '[ -d "$3" ] || refuse 126 "chdir to cwd (\\"$3\\"): no such directory"',
  'cd -- "$3" 2>/dev/null || refuse 126 "chdir to cwd (\\"$3\\"): permission denied"',
  'umask "$4"',
  'case $5 in',
  '*/*)',
  '  [ -e "$5" ] || refuse 127 "exec: \\"$5\\": no such file or directory"',
  '  [ ! -d "$5" ] || refuse 126 "exec: \\"$5\\": is a directory: permission denied"',
  '  [ -x "$5" ] || refuse 126 "exec: \\"$5\\": permission denied" ;;',
  '*)',
  // In a process of its own: what it sets is nobody else's.
  '  (IFS=:; set -f; for at in $6; do [ -f "${at:-.}/$5" ] && [ -x "${at:-.}/$5" ] && exit 0; done; exit 1) ||',
  '    refuse 127 "exec: \\"$5\\": executable file not found in \\$PATH" ;;',
  'esac',
  'shift 6',
  'echo ready >&4',
  'read -r go <&3',
  'exec 2>&5 3<&- 4>&- 5>&-',
  'unset go PATH PWD OLDPWD SHLVL',
  '. /proc/self/fd/6',
  'exec 6<&-',
  'exec "$@"',
].join('\n');

/**
 * The command line of a stub: a shell that puts itself into the cgroup, gives up what the program is not to have (see `settersOf`), goes to
 * its directory, looks whether the program can be executed, says that it is ready, waits for its start, and becomes the program.
 *
 * Until it has said that it is ready, its errors go to a file: they are those of the start. Whatever the client names is
 * touched by it alone. The environment comes last and from a file: none of it may make the shell, or what runs as root before it, do
 * something else (LD_PRELOAD), and nobody else is to read it meanwhile. All words but the program's own are ours, or numbers.
 */
export function stubCommand(request: StubRequest): StubCommand {
  const { spec, pidNamespace, terminal } = request;
  const { file, odd } = splitEnvironment(spec.env ?? []);
  const program = spec.args[0] ?? '';
  const command = odd.length === 0 ? spec.args : ['/usr/bin/env', '--', ...odd, ...spec.args];
  const setters = [...namespaceSetters(pidNamespace, terminal !== undefined), ...settersOf(spec)];
  const last = setters.length === 0 ? STUB : `exec ${setters.map(quote).join(' ')} ${SHELL} -c ${quote(STUB)} "$0" "$@"`;
  return {
    file: SHELL,
    args: ['-c', `${rootScript(request)}\n${last}`, 'holdfast', '--pid-file', request.pidFile, spec.cwd, umaskOf(spec), program, searchPathOf(spec), ...command],
    environment: file,
    forks: pidNamespace !== undefined,
  };
}

/** What only root can do. Descriptors: 3 waits for the start, 4 says that it is ready, 5 is the program's standard error, 6 its environment. */
function rootScript({ spec, cgroup, startFifo, readyFifo, environmentFile, errorsFile, terminal }: StubRequest): string {
  const owner = userOf(spec);
  return [
    // Opened by the leader of a session, it is its controlling terminal (tty_ioctl(4)).
    ...(terminal === undefined ? [] : [`exec 0<>${quote(terminal)} 1>&0 2>&0`]),
    `exec 5>&2 2>>${quote(errorsFile)}`,
    // 0: who writes it. A cgroup that is gone means that nobody wants this program any more.
    ...cgroup.map((directory) => `echo 0 >${quote(`${directory}/cgroup.procs`)} || exit 125`),
    `[ -p ${quote(startFifo)} ] || exit 125`,
    `exec 3<>${quote(startFifo)}`,
    `exec 4>${quote(readyFifo)} 6<${quote(environmentFile)}`,
    ...(spec.oomScoreAdj === undefined ? [] : [`echo ${spec.oomScoreAdj} >/proc/self/oom_score_adj || exit 125`]),
    // As runtimes do, so that it may open /dev/stdout by its name.
    ...(owner.uid === 0 ? [] : [`for fd in 0 1 5; do [ ! -p /proc/self/fd/$fd ] && [ ! -t $fd ] || chown ${owner.uid} /proc/self/fd/$fd; done`]),
  ].join('\n');
}

/** What is executed by them makes a process in the namespace; that one leads a session, as every program here. */
function namespaceSetters(pidNamespace: StubRequest['pidNamespace'], hasTerminal: boolean): readonly string[] {
  if (pidNamespace === undefined) return [];
  // Its own /proc, which wants mounts of its own; those that the host makes later come in.
  const enter = pidNamespace === 'new'
    ? ['unshare', '--pid', '--fork', '--mount', '--propagation', 'slave', '--mount-proc']
    : ['nsenter', '--target', String(pidNamespace), '--pid', '--mount'];
  return [...enter, '--', 'setsid', ...(hasTerminal ? ['--ctty'] : [])];
}

function umaskOf({ user }: ProcessSpec): string {
  const umask = user['umask'];
  return `0${(typeof umask === 'number' ? umask : 0o022).toString(8)}`;
}

function searchPathOf({ env = [] }: ProcessSpec): string {
  return env.findLast((entry) => entry.startsWith('PATH='))?.slice('PATH='.length) ?? '';
}
