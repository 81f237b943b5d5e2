import type { ProcessSpec } from '../bundle/process-spec';
import { quote, splitEnvironment } from './environment';
import { type OwnMounts, mountScript } from './own-mounts';
import { settersOf, userOf } from './setters';

/** A process of a host program, and where what it is made with lies. */
export interface StubRequest {
  readonly spec: ProcessSpec;
  /** By which it gets into its cgroup: see `entriesOf`. */
  readonly cgroupEntries: readonly string[];
  /** Where its pid will be written: with it a stub is known for what a runtime's call is (src/worker/runtime/runtime-orphans.ts). */
  readonly pidFile: string;
  /** What it waits on. */
  readonly startFifo: string;
  readonly readyFifo: string;
  readonly environmentFile: string;
  readonly errorsFile: string;
  /** The slave's path, where it has a terminal. */
  readonly terminal?: string | undefined;
  /** Descriptors from 3 on that are the program's: sd_listen_fds(3). */
  readonly socketCount?: number | undefined;
  /** Absent: it has those of the host. */
  readonly namespaces?: StubNamespaces | undefined;
}

/** New ones, or those of a process of the program. */
export type StubNamespaces =
  | { readonly are: 'new'; readonly hasPid: boolean; readonly mounts: OwnMounts | undefined }
  | { readonly are: 'joined'; readonly pid: number; readonly hasPid: boolean };

/** How a host program's process is started. */
export interface StubCommand {
  readonly file: string;
  readonly args: readonly string[];
  /** The content of the environment file, which is to be readable by the process's user alone. */
  readonly environment: string;
  /** The process that is started makes another one, which is the one that counts. */
  readonly forks: boolean;
}

const STUB_NAME = 'holdfast';
const WAITING_STUB_NAME = 'holdfast-waiting-stub';
const SHELL = '/bin/sh';
/** That knows descriptors of two digits: the POSIX shell of Debian does not. */
const LARGER_SHELL = '/bin/bash';
const FIRST_FD = 3;
const LAST_SMALL_FD = 9;

/** The stub's own descriptors, behind those that are the program's. */
interface OwnDescriptors {
  /** Waits for the start; before that a pipe, which it is given, for its cgroup. */
  readonly start: number;
  /** Says that it is ready. */
  readonly ready: number;
  /** The program's standard error. */
  readonly stderr: number;
  readonly environment: number;
}

function ownDescriptors(socketCount: number): OwnDescriptors {
  const start = FIRST_FD + socketCount;
  return { start, ready: start + 1, stderr: start + 2, environment: start + 3 };
}

/** $3: directory, $4: umask, $5: the program's name, $6: where it is looked for; then what is executed. */
function stub({ start, ready, stderr, environment }: OwnDescriptors, isGivenSockets: boolean): string {
  return [
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
    `echo ready >&${ready}`,
    `read -r go <&${start}`,
    `exec 2>&${stderr} ${start}<&- ${ready}>&- ${stderr}>&-`,
    'unset go PATH PWD OLDPWD SHLVL',
    `. /proc/self/fd/${environment}`,
    `exec ${environment}<&-`,
    // Its number in its own pid namespace: sd_listen_fds(3).
    ...(isGivenSockets ? ['export LISTEN_PID=$$'] : []),
    'exec "$@"',
  ].join('\n');
}

/**
 * The command line of a stub: a shell that puts itself into the cgroup, gives up what the program is not to have (see `settersOf`), goes to
 * its directory, looks whether the program can be executed, says that it is ready, waits for its start, and becomes the program.
 *
 * Until it has said that it is ready, its errors go to a file: they are those of the start. Whatever the client names is
 * touched by it alone. The environment comes last and from a file: none of it may make the shell, or what runs as root before it, do
 * something else (LD_PRELOAD), and nobody else is to read it meanwhile. All words but the program's own are ours, or numbers.
 */
export function stubCommand(request: StubRequest): StubCommand {
  const { own, shell, words, last } = partsOf(request);
  const { file } = splitEnvironment(request.spec.env ?? []);
  const script = [
    ...outsideScript(request, own),
    // It comes up while its cgroup is made. The end of the pipe: whoever makes that has died.
    `read -r go <&${own.start} || exit 125`,
    ...rootScript(request, own),
    last,
  ].join('\n');
  return { file: shell, args: ['-c', script, STUB_NAME, ...words], environment: file, forks: request.namespaces?.hasPid === true };
}

/**
 * The command line of a shell that comes up before anybody needs it, and becomes the stub that it is told of through its descriptor 3 (see `toldStub`); by the end of
 * that it is told nothing more, or that whoever would has died. One that may not look at `tellerPid`'s descriptors (proc_pid_fd(5): that takes CAP_SYS_PTRACE where
 * that process dumps no core) is of no use.
 */
export function waitingStub(tellerPid: number): Pick<StubCommand, 'file' | 'args'> {
  return { file: SHELL, args: ['-c', `[ -e /proc/${tellerPid}/fd/0 ] && . /proc/self/fd/${FIRST_FD}; exit 125`, WAITING_STUB_NAME] };
}

/** Of the process that tells it: FIFOs, open in the same way. Absent: the null device. */
export type ToldStdio = readonly { readonly fd: number; readonly open: 'read' | 'write' | 'both'; readonly ofTeller: number }[];

const redirections = { read: '<', write: '>', both: '<>' } as const;

/** What a waiting stub is told, whole lines each. */
export interface ToldStub {
  /** While its cgroup is made. */
  readonly beginning: string;
  /** Once that is there. */
  readonly rest: string;
}

/** To be the stub of this request. @param request without sockets, which nobody can open by a path */
export function toldStub(request: StubRequest, tellerPid: number, stdio: ToldStdio): ToldStub {
  const { own, words, last } = partsOf(request);
  const redirected = stdio.map(({ fd, open, ofTeller }) => `exec ${fd}${redirections[open]}/proc/${tellerPid}/fd/${ofTeller}`);
  return {
    beginning: [`set -- ${words.map(quote).join(' ')}`, ...redirected, ...outsideScript(request, own), ''].join('\n'),
    rest: [...rootScript(request, own), last, ''].join('\n'),
  };
}

interface StubParts {
  readonly own: OwnDescriptors;
  readonly shell: string;
  /** $1 and so on. */
  readonly words: readonly string[];
  /** What comes behind that which only root can do. */
  readonly last: string;
}

function partsOf({ spec, namespaces, terminal, pidFile, socketCount = 0 }: StubRequest): StubParts {
  const own = ownDescriptors(socketCount);
  const shell = own.environment > LAST_SMALL_FD ? LARGER_SHELL : SHELL;
  const script = stub(own, socketCount > 0);
  const { odd } = splitEnvironment(spec.env ?? []);
  const program = spec.args[0] ?? '';
  const command = odd.length === 0 ? spec.args : ['/usr/bin/env', '--', ...odd, ...spec.args];
  const setters = [...namespaceSetters(namespaces, terminal !== undefined), ...settersOf(spec)];
  const last = setters.length === 0 ? script : `exec ${setters.map(quote).join(' ')} ${shell} -c ${quote(script)} "$0" "$@"`;
  return { own, shell, words: ['--pid-file', pidFile, spec.cwd, umaskOf(spec), program, searchPathOf(spec), ...command], last };
}

/** What needs no cgroup. */
function outsideScript({ errorsFile, terminal }: StubRequest, own: OwnDescriptors): readonly string[] {
  return [
    // Opened by the leader of a session, it is its controlling terminal (tty_ioctl(4)).
    ...(terminal === undefined ? [] : [`exec 0<>${quote(terminal)} 1>&0 2>&0`]),
    `exec ${own.stderr}>&2 2>>${quote(errorsFile)}`,
  ];
}

/** What only root can do. */
function rootScript({ spec, cgroupEntries, startFifo, readyFifo, environmentFile }: StubRequest, own: OwnDescriptors): readonly string[] {
  const owner = userOf(spec);
  return [
    // 0: who writes it. A cgroup that is gone means that nobody wants this program any more.
    ...cgroupEntries.map((entry) => `echo 0 >${quote(entry)} || exit 125`),
    `[ -p ${quote(startFifo)} ] || exit 125`,
    // By itself: while bash replaces a descriptor that is open, it keeps that at the first free one from 10 on, which may be the environment's.
    `exec ${own.start}<>${quote(startFifo)}`,
    `exec ${own.ready}>${quote(readyFifo)} ${own.environment}<${quote(environmentFile)}`,
    ...(spec.oomScoreAdj === undefined ? [] : [`echo ${spec.oomScoreAdj} >/proc/self/oom_score_adj || exit 125`]),
    // As runtimes do, so that it may open /dev/stdout by its name.
    ...(owner.uid === 0 ? [] : [`for fd in 0 1 ${own.stderr}; do [ ! -p /proc/self/fd/$fd ] && [ ! -t $fd ] || chown ${owner.uid} /proc/self/fd/$fd; done`]),
  ];
}

/**
 * What enters the namespaces. For a pid namespace that makes a process in it, which leads a session, as every program here; and it has a /proc of its own, which wants mounts of
 * its own. Those that the host makes later come in.
 */
function namespaceSetters(namespaces: StubNamespaces | undefined, hasTerminal: boolean): readonly string[] {
  if (namespaces === undefined) return [];
  const { hasPid } = namespaces;
  const leads = hasPid ? ['setsid', ...(hasTerminal ? ['--ctty'] : [])] : [];
  if (namespaces.are === 'joined') return ['nsenter', '--target', String(namespaces.pid), ...(hasPid ? ['--pid'] : []), '--mount', '--', ...leads];
  const { mounts } = namespaces;
  const mounting = mounts === undefined ? [] : [SHELL, '-c', mountScript(mounts), 'holdfast-mounts'];
  return ['unshare', ...(hasPid ? ['--pid', '--fork'] : []), '--mount', '--propagation', 'slave', ...(hasPid ? ['--mount-proc'] : []), '--', ...leads, ...mounting];
}

function umaskOf({ user }: ProcessSpec): string {
  const umask = user['umask'];
  return `0${(typeof umask === 'number' ? umask : 0o022).toString(8)}`;
}

function searchPathOf({ env = [] }: ProcessSpec): string {
  return env.findLast((entry) => entry.startsWith('PATH='))?.slice('PATH='.length) ?? '';
}
