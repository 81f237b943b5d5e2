import { chownSync, closeSync, constants as fsConstants, fstatSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { RuntimeError } from '../../runtime/errors';
import { letGo } from '../../runtime/host/start';
import { userOf } from '../../runtime/host/setters';
import { type StubCommand, stubCommand, type StubRequest, type ToldStdio, toldStub } from '../../runtime/host/stub';
import { files } from '../../runtime/state-dir/layout';
import { writePid } from '../../runtime/state-dir/process-dir';
import type { ProcessRecord } from '../../runtime/state-dir/process-file';
import { writeWhole } from '../../runtime/state-dir/whole-file';
import { faultPoint } from '../../sys/fault';
import { accessModeOf, mkfifo, readSome } from '../../sys/files/files';
import type { Child } from '../../sys/process/children';
import { SIGKILL } from '../../sys/process/process';
import { exitStatusOf, type WaitStatus } from '../../sys/process/wait-status';
import { ShimError } from '../errors';
import type { Shim } from '../shim';
import { placeOfExec, placeOfProgram } from './host-place';
import { withSockets } from './launch';
import type { ManagedProcess } from './managed-process';
import { TellingPipe } from './telling-pipe';
import { stubOptions } from './waiting-stubs';

/** What the stub gets for its standard descriptors: those of a program without a terminal, or a terminal's slave. */
export interface HostStdio {
  readonly stdin?: number;
  readonly stdout?: number;
  readonly stderr?: number;
  readonly terminal?: string;
}

/** A process of a host program that is ready: it waits for its start, or runs (an exec'd one). */
export interface HostProcess {
  readonly pid: number;
  /** Where it is a child that this shim has started itself. */
  readonly exited?: Promise<WaitStatus>;
}

/**
 * Does for a host program what a runtime's `create` and `exec` do. What it has made when it rejects, `delete` takes away.
 * @throws ShimError `runtime-failed` with what the stub had to say, or `aborted`
 */
export async function launchHost(shim: Shim, entry: ManagedProcess, record: ProcessRecord, stdio: HostStdio): Promise<HostProcess> {
  try {
    return await withSockets(shim, record, (sockets) => launch(shim, entry, record, { ...stdio, more: sockets }));
  } catch (error) {
    if (!(error instanceof RuntimeError)) throw error;
    throw new ShimError('runtime-failed', `oci runtime error: ${error.message}`, { cause: error });
  }
}

async function launch(shim: Shim, entry: ManagedProcess, record: ProcessRecord, stdio: Stdio): Promise<HostProcess> {
  const { dir } = entry.identity;
  const { make, ...place } = record.exec ? placeOfExec(entry) : placeOfProgram(shim, entry);
  const request: StubRequest = {
    spec: record.spec,
    pidFile: join(dir, files.pid),
    readyFifo: join(dir, files.hostReady),
    environmentFile: join(dir, files.hostEnvironment),
    errorsFile: join(dir, files.hostErrors),
    terminal: stdio.terminal,
    socketCount: stdio.more.length,
    ...place,
  };
  const command = stubCommand(request);
  const makeAll = async (): Promise<void> => {
    await make();
    writeWhole(request.environmentFile, command.environment, 0o400);
    chownSync(request.environmentFile, userOf(record.spec).uid, userOf(record.spec).gid);
  };
  const ready = new ReadyFifo(shim, request.readyFifo);
  try {
    // Nobody would find an exec'd one whose shim has died in time: its cgroup stays, and it is known by its command line.
    const told = record.exec ? undefined : await tell(shim, request, stdio, makeAll);
    const child = told ?? await begin(shim, command, stdio, makeAll);
    const made = await becomeReady(entry, { child, ready, forks: command.forks });
    // A program's own start is the daemon's to give.
    if (record.exec) letGo(request.startFifo);
    return made;
  } finally {
    ready.close();
    rmSync(request.environmentFile, { force: true });
    if (!record.exec) shim.waitingStubs.prepare();
  }
}

type Stdio = HostStdio & { readonly more: readonly number[] };

/** Has the stub that waits be this one's, where there is one and it can. */
async function tell(shim: Shim, request: StubRequest, stdio: Stdio, make: () => Promise<void>): Promise<Child | undefined> {
  const fifos = shim.waitingStubs.isThere ? toldStdio(stdio) : undefined;
  if (fifos === undefined) return undefined;
  const { beginning, rest } = toldStub(request, process.pid, fifos);
  const stub = shim.waitingStubs.begin(beginning, Buffer.byteLength(beginning) + Buffer.byteLength(rest));
  if (stub === undefined) return undefined;
  const { child, pipe } = stub;
  try {
    await make();
    // Of one that has died meanwhile whoever waits for it sees the end.
    pipe.tell(rest);
    faultPoint('shim.host.told');
    return child;
  } catch (error) {
    await ended(child);
    throw error;
  } finally {
    pipe.close();
  }
}

/** Undefined where a shell cannot open all of it by a path. */
function toldStdio({ stdin, stdout, stderr, more }: Stdio): ToldStdio | undefined {
  if (more.length > 0) return undefined;
  const given = [stdin, stdout, stderr].flatMap((ofTeller, fd) => (ofTeller === undefined ? [] : [{ fd, ofTeller, open: accessModeOf(ofTeller) }]));
  return given.every(({ ofTeller }) => fstatSync(ofTeller).isFIFO()) ? given : undefined;
}

/** Starts the stub, and makes meanwhile what it waits for: a shell takes longer to come up than that. */
async function begin(shim: Shim, { file, args }: StubCommand, stdio: Stdio, make: () => Promise<void>): Promise<Child> {
  const go = new TellingPipe();
  try {
    faultPoint('shim.host.before-spawn');
    const launched = shim.reaper.launch({ ...stdio, ...stubOptions(), file, args, more: [...stdio.more, go.endFd] });
    const [started, made] = await Promise.allSettled([launched, make().then(() => { go.tell('go\n'); })]);
    if (started.status === 'rejected') throw started.reason;
    if (made.status === 'fulfilled') return started.value;
    await ended(started.value);
    throw made.reason;
  } finally {
    go.close();
  }
}

async function ended(child: Child): Promise<void> {
  child.kill(SIGKILL);
  await child.exited;
}

interface Stub {
  readonly child: Child;
  readonly ready: ReadyFifo;
  readonly forks: boolean;
}

async function becomeReady(entry: ManagedProcess, { child, ready, forks }: Stub): Promise<HostProcess> {
  const { signal } = entry.abortion;
  const { dir } = entry.identity;
  const abort = (): void => child.kill(SIGKILL);
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort);
  try {
    faultPoint('shim.host.spawned');
    const ended = await Promise.race([ready.said, child.exited]);
    if (ended !== undefined) throw new ShimError('runtime-failed', `oci runtime error: ${lastErrorIn(dir, ended)}`);
    faultPoint('shim.host.ready');
    if (!forks) {
      writePid(dir, child.pid);
      return { pid: child.pid, exited: child.exited };
    }
    const pid = onlyChildOf(child.pid);
    writePid(dir, pid);
    // Its child comes to us, the subreaper, and is nobody's who would keep its exit status back.
    child.kill(SIGKILL);
    await child.exited;
    return { pid };
  } catch (error) {
    child.kill(SIGKILL);
    throw error;
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

function onlyChildOf(pid: number): number {
  const child = Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim().split(' ')[0]);
  if (!(child > 0)) throw new ShimError('shim-error', `process ${pid} has made no process in its pid namespace`);
  return child;
}

function lastErrorIn(dir: string, status: WaitStatus): string {
  const path = join(dir, files.hostErrors);
  let said = '';
  try {
    said = readFileSync(path, 'utf8').trim().split('\n').at(-1) ?? '';
  } catch {
    // It did not come so far.
  }
  return said === '' ? `the process ended with ${exitStatusOf(status)} before it could become the program` : said;
}

/** By which a stub says that it is ready. */
class ReadyFifo {
  /** Resolves when it has. */
  readonly said: Promise<undefined>;
  private readonly fd: number;
  private stop: () => void = () => undefined;

  constructor({ poller }: Shim, path: string) {
    rmSync(path, { force: true });
    mkfifo(path, 0o600);
    // For both ends: so nobody waits for the other one to open it.
    this.fd = openSync(path, fsConstants.O_RDWR | fsConstants.O_NONBLOCK);
    this.said = new Promise((resolve) => {
      const watch = poller.watch(this.fd, { in: true }, () => {
        readSome(this.fd, Buffer.alloc(64));
        resolve(undefined);
      });
      this.stop = () => { watch.close(); };
    });
  }

  close(): void {
    this.stop();
    closeSync(this.fd);
  }
}
