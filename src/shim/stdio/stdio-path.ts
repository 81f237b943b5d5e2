import { closeSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import type { ForeignFiles } from '../../runtime/foreign/foreign-files';
import { type OpenedStdio, type StdioAsked, closeStdio } from '../../runtime/foreign/stdio';
import type { KeptOutput } from '../../runtime/kept-output/kept-output';
import type { StreamName } from '../../runtime/state-dir/between';
import type { ProcessRecord } from '../../runtime/state-dir/process-file';
import { stdioTargets } from '../../runtime/state-dir/stdio-target';
import { closeAside } from '../../sys/files/aside';
import { O_PATH, factsOf, findCached } from '../../sys/files/cached-name';
import { duplicateFd, pipeSize, setPipeSize } from '../../sys/files/files';
import { errorCodeOf } from '../../sys/thrown';
import { ShimError } from '../errors';
import type { HeldSets } from '../held-sets';

const NONE: OpenedStdio = { kind: 'null' };
const names: readonly StreamName[] = ['stdin', 'stdout', 'stderr'];

export type Direction = StdioAsked['direction'];

/** `given`: the process's own already. `kept`: an output without a path that is kept in files. `fileFd` names a directory on their file system (O_PATH). */
export type OpenedPath = OpenedStdio | { readonly kind: 'given'; readonly endFd: number } | { readonly kind: 'kept'; readonly fileFd: number; readonly output: KeptOutput };

/** The client's paths, opened; an empty one is the null device, unless its output is kept. */
export type StdioPaths = { readonly [P in StreamName]: OpenedPath };

/** What they are opened with. */
export interface OpenTools {
  readonly foreign: ForeignFiles;
  readonly held: HeldSets;
}

/** How the paths of a process are opened: see StdioAsked. */
export interface OpenOptions {
  /** Of a process that runs already, what is not there any more is the null device. */
  readonly isNew: boolean;
  /** Where a client's path is not there, a new process gets a FIFO of that name, as the legacy API's clients expect; else it is an error. */
  readonly makesFifos: boolean;
  /** Of a process that runs already: its FIFO, where somebody holds it who can give it, open for reading and writing. The descriptor becomes the caller's. */
  readonly heldFifo?: (name: StreamName) => number | undefined;
}

/**
 * Writer and reader wake each other less often: more than twice as much goes through as with the usual 64 KiB
 * (docs/performance.md). 1 MiB gives a tenth more, for 10 KiB of the kernel's memory for each FIFO instead of 2.5.
 */
export const OUTPUT_PIPE_BYTES = 256 * 1024;

/**
 * Opens the paths of a process: its own of a terminal, which has no stderr, are for this program's use.
 * Rejects as ForeignFiles.openStdio does, and where a descriptor is not held; nothing is left open then.
 */
export async function openStdioPaths(
  { foreign, held }: OpenTools,
  record: ProcessRecord,
  { isNew, makesFifos, heldFifo }: OpenOptions,
  signal?: AbortSignal,
): Promise<StdioPaths> {
  const opened: { -readonly [P in StreamName]: OpenedPath } = { stdin: NONE, stdout: NONE, stderr: NONE };
  const { output } = record;
  const terminal = record.spec.terminal === true;
  const owner = terminal ? {} : { owner: { rootUid: record.rootUid, rootGid: record.rootGid } };
  const end = terminal ? 'nonBlocking' : isNew ? 'blocking' : 'none';
  const targets = stdioTargets(record, terminal);
  const kept = output === undefined ? [] : terminal ? ['stdout'] : ['stdout', 'stderr'];
  let placeFd: number | undefined;
  try {
    for (const name of names) {
      const target = targets[name];
      if (target.kind === 'null' && output !== undefined && kept.includes(name)) {
        // Both of one directory, which has to be looked for once.
        placeFd = placeFd === undefined ? openPlace(output.dir) : duplicateFd(placeFd);
        opened[name] = { kind: 'kept', fileFd: placeFd, output };
      }
      if (target.kind === 'held' && isNew) opened[name] = { kind: 'given', endFd: await duplicateHeld(held, target) };
      if (target.kind === 'null' || target.kind === 'logger' || target.kind === 'held') continue;
      // A terminal's wants an end of its own besides.
      const keeperFd = terminal ? undefined : heldFifo?.(name);
      if (keeperFd !== undefined && !isToBeGiven(keeperFd, record)) {
        opened[name] = { kind: 'fifo', keeperFd, endFd: undefined };
        continue;
      }
      if (keeperFd !== undefined) void closeAside(keeperFd);
      const ifAbsent = !isNew ? 'null' : target.kind === 'file' ? 'makeFile' : makesFifos ? 'makeFifo' : 'fail';
      opened[name] = await foreign.openStdio({ path: target.path, direction: directionOf(name), ifAbsent, end, ...owner }, signal);
    }
    return opened;
  } catch (error) {
    closeStdioPaths(opened);
    throw error;
  }
}

/** Nobody has given it to the process's root yet, which may have to wait for its file system: whoever opens it does. */
function isToBeGiven(fifoFd: number, { rootUid, rootGid }: ProcessRecord): boolean {
  return (rootUid !== 0 || rootGid !== 0) && factsOf(fifoFd).ownerId === 0;
}

async function duplicateHeld(held: HeldSets, { set, index }: { readonly set: string; readonly index: number }): Promise<number> {
  return await held.lend(set, (fds) => {
    const fd = fds?.[index];
    if (fd === undefined) throw new ShimError('shim-error', `${set} ${String(index)} is not held here`);
    return Promise.resolve(duplicateFd(fd));
  });
}

/** Closes what openStdioPaths gave. */
export function closeStdioPaths(opened: StdioPaths): void {
  for (const name of names) closePath(opened[name]);
}

/** How its output is kept, where it is. */
export function keptOf(opened: OpenedPath): KeptOutput | undefined {
  return opened.kind === 'kept' ? opened.output : undefined;
}

export function closePath(opened: OpenedPath): void {
  if (opened.kind === 'kept') closeSync(opened.fileFd);
  else if (opened.kind === 'given') closeSync(opened.endFd);
  else closeStdio(opened);
}

/** A directory on the file system where output is kept, which tells whose copier it is; the directory itself that one makes, in a process of its own. */
function openPlace(path: string): number {
  for (let at = path; at !== '/'; at = dirname(at)) {
    try {
      const found = findCached(at);
      if (found !== undefined) return found.fd;
    } catch (error) {
      // What is wrong with it, the copier will say.
      if (errorCodeOf(error) === undefined) throw error;
    }
  }
  return openSync('/', O_PATH);
}

function directionOf(name: StreamName): Direction {
  return name === 'stdin' ? 'input' : 'output';
}

/** A descriptor that only names the file (O_PATH), which was opened; of the null device where there is none. The caller closes it. */
export function nameOf(opened: OpenedPath): number {
  if (opened.kind === 'file' || opened.kind === 'kept') return opened.fileFd;
  closePath(opened);
  return openSync('/dev/null', O_PATH);
}

/**
 * Opens the same file anew, with an open file description, and so an O_NONBLOCK, of its own. On a FIFO that
 * a keeper holds open it does not block.
 */
export function reopen(fd: number, flags: number): number {
  return openSync(`/proc/self/fd/${fd}`, flags);
}

/**
 * Lets a FIFO hold at least so many bytes before its writer waits. Where it may not (the user's share of pipe pages is used
 * up: pipe(7)), it stays as it is, and is slower.
 */
export function enlarge(fifoFd: number, bytes: number): void {
  try {
    if (pipeSize(fifoFd) < bytes) setPipeSize(fifoFd, bytes);
  } catch {
    // Slower, no more.
  }
}
