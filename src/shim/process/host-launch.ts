import { chownSync, closeSync, constants as fsConstants, openSync, readFileSync, rmSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';
import { directoriesOf } from '../../runtime/cgroups/cgroup';
import { RuntimeError } from '../../runtime/errors';
import { readHostFile, writeHostFile } from '../../runtime/host/host-file';
import { readHostSpec, usualCgroupOf } from '../../runtime/host/host-spec';
import { letGo } from '../../runtime/host/start';
import { entriesOf, locateHostCgroup, makeDirectories } from '../../runtime/host/hierarchies';
import { wantsCpuset, writeLimits } from '../../runtime/host/limits';
import { userOf } from '../../runtime/host/setters';
import { stubCommand, type StubRequest } from '../../runtime/host/stub';
import { idOfRuntime } from '../../runtime/state-dir/container-key';
import { INIT, files } from '../../runtime/state-dir/layout';
import { readPid, writePid } from '../../runtime/state-dir/process-dir';
import type { ProcessRecord } from '../../runtime/state-dir/process-file';
import { readJsonFile } from '../../runtime/state-dir/read-json';
import { writeWhole } from '../../runtime/state-dir/whole-file';
import { faultPoint } from '../../sys/fault';
import { mkfifo, readSome } from '../../sys/files/files';
import type { Child } from '../../sys/process/children';
import { SIGKILL } from '../../sys/process/process';
import { exitStatusOf, type WaitStatus } from '../../sys/process/wait-status';
import { ShimError } from '../errors';
import type { Shim } from '../shim';
import { withSockets } from './launch';
import type { ManagedProcess } from './managed-process';

const MOST_SPEC_BYTES = 8 << 20;

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

async function launch(shim: Shim, entry: ManagedProcess, record: ProcessRecord, stdio: HostStdio & { readonly more: readonly number[] }): Promise<HostProcess> {
  const { dir } = entry.identity;
  const request: StubRequest = {
    spec: record.spec,
    pidFile: join(dir, files.pid),
    readyFifo: join(dir, files.hostReady),
    environmentFile: join(dir, files.hostEnvironment),
    errorsFile: join(dir, files.hostErrors),
    terminal: stdio.terminal,
    socketCount: stdio.more.length,
    ...(record.exec ? joined(entry) : await made(shim, entry)),
  };
  const command = stubCommand(request);
  writeWhole(request.environmentFile, command.environment, 0o400);
  chownSync(request.environmentFile, userOf(record.spec).uid, userOf(record.spec).gid);
  const ready = new ReadyFifo(shim, request.readyFifo);
  try {
    faultPoint('shim.host.before-spawn');
    const child = await shim.reaper.launch({ ...stdio, file: command.file, args: command.args, env: { PATH: process.env['PATH'] ?? '' }, cwd: '/', session: true });
    const made = await becomeReady(entry, { child, ready, forks: command.forks });
    // A program's own start is the daemon's to give.
    if (record.exec) letGo(request.startFifo);
    return made;
  } finally {
    ready.close();
    rmSync(request.environmentFile, { force: true });
  }
}

/** The cgroup of a new program. */
async function made({ place }: Shim, entry: ManagedProcess): Promise<Pick<StubRequest, 'cgroupEntries' | 'startFifo' | 'namespaces'>> {
  const { dir, bundle, namespace, id } = entry.identity;
  const fields = readJsonFile(join(bundle, 'config.json'), 'bad-bundle', { mostBytes: MOST_SPEC_BYTES });
  const spec = readHostSpec(fields, usualCgroupOf(place, namespace ?? '', namespace === undefined ? id : idOfRuntime(id)));
  const cgroup = locateHostCgroup(spec.cgroupsPath, { cpuset: wantsCpuset(spec.resources) });
  const startFifo = newStartFifo(dir);
  writeHostFile(dir, { cgroup, startFifo, hasOwnMounts: spec.ownMounts !== undefined });
  mkfifo(startFifo, 0o600);
  faultPoint('shim.host.before-cgroup');
  makeDirectories(directoriesOf(cgroup));
  faultPoint('shim.host.before-limits');
  if (spec.resources !== undefined) await writeLimits(cgroup, spec.resources);
  const { ownPidNamespace: hasPid, ownMounts: mounts } = spec;
  return { cgroupEntries: entriesOf(cgroup), startFifo, namespaces: hasPid || mounts !== undefined ? { are: 'new', hasPid, mounts } : undefined };
}

/** An exec'd process is where the program's first one is. */
function joined(entry: ManagedProcess): Pick<StubRequest, 'cgroupEntries' | 'startFifo' | 'namespaces'> {
  const { dir, ownPidNamespace } = entry.identity;
  const initDir = join(dirname(dir), INIT);
  const initPid = readPid(initDir);
  const startFifo = newStartFifo(dir);
  mkfifo(startFifo, 0o600);
  const { cgroup, hasOwnMounts } = readHostFile(initDir);
  const isElsewhere = initPid !== undefined && (ownPidNamespace || hasOwnMounts);
  return { cgroupEntries: entriesOf(cgroup), startFifo, namespaces: isElsewhere ? { are: 'joined', pid: initPid, hasPid: ownPidNamespace } : undefined };
}

function newStartFifo(dir: string): string {
  return join(dir, `holdfast-host-start-${randomBytes(8).toString('hex')}`);
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
