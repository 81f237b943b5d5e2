import { closeSync, constants } from 'node:fs';
import { SysError, checkNoNul } from '../errors';
import { duplicateFd } from '../files/files';
import { layout, spawning } from '../native';
import type { SpawnOptions } from './spawn-options';

const POSIX_SPAWN_SETPGROUP = 0x02;
const POSIX_SPAWN_SETSIGDEF = 0x04;
const POSIX_SPAWN_SETSIGMASK = 0x08;
const POSIX_SPAWN_SETSID = 0x80;

/** What the new process does before the exec: `memory` is a posix_spawn_file_actions_t. To be released after the call. */
export interface FileActions {
  readonly memory: Buffer;
  release(): void;
}

let nullDevices: FileActions | undefined;

/** Those of a program without stdio, as most are, are made once and kept. */
export function fileActions(options: SpawnOptions): FileActions {
  const { stdin, stdout, stderr, more, cwd } = options;
  if ([stdin, stdout, stderr, more?.[0], cwd].some((each) => each !== undefined)) return Actions.of(options);
  nullDevices ??= { memory: Actions.of({ file: '', args: [] }).memory, release: () => undefined };
  return nullDevices;
}

class Actions implements FileActions {
  readonly memory = Buffer.alloc(layout.spawnActions);
  readonly #duplicates: number[] = [];

  private constructor() {
    checkSpawn(spawning.actionsInit(this.memory));
  }

  static of(options: SpawnOptions): Actions {
    const actions = new Actions();
    try {
      actions.#fill(options);
    } catch (error) {
      actions.release();
      throw error;
    }
    return actions;
  }

  release(): void {
    spawning.actionsDestroy(this.memory);
    for (const fd of this.#duplicates) closeSync(fd);
  }

  #fill({ stdin, stdout, stderr, more = [], cwd }: SpawnOptions): void {
    const sources = [stdin, stdout, stderr, ...more];
    sources.forEach((source, target) => {
      if (source === undefined) {
        const access = target === 0 ? constants.O_RDONLY : constants.O_WRONLY;
        checkSpawn(spawning.addOpen(this.memory, target, '/dev/null', access, 0));
        return;
      }
      // Where both are the same number, the C library clears close-on-exec.
      checkSpawn(spawning.addDuplicate(this.memory, this.#safe(source, target, sources.length), target));
    });
    if (cwd !== undefined) checkSpawn(spawning.addChangeDirectory(this.memory, checkNoNul(cwd, 'posix_spawn')));
  }

  // The actions run one after the other: a source among the targets might be overwritten before its turn comes.
  #safe(source: number, target: number, firstFreeFd: number): number {
    if (source >= firstFreeFd || source === target) return source;
    const duplicate = duplicateFd(source, firstFreeFd);
    this.#duplicates.push(duplicate);
    return duplicate;
  }
}

const attributesOfFlags = new Map<number, Buffer>();

/**
 * What the new process is from its start: posix_spawnattr_t. There are three kinds, which posix_spawn only reads:
 * each is made once and kept.
 */
export function attributesOf({ session, processGroup }: SpawnOptions): Buffer {
  let flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK;
  if (session === true) flags |= POSIX_SPAWN_SETSID;
  // A session leader leads its process group already, and may not be moved to one.
  else if (processGroup === true) flags |= POSIX_SPAWN_SETPGROUP;
  const attributes = attributesOfFlags.get(flags) ?? makeAttributes(flags);
  attributesOfFlags.set(flags, attributes);
  return attributes;
}

function makeAttributes(flags: number): Buffer {
  const memory = Buffer.alloc(layout.spawnAttributes);
  checkSpawn(spawning.attributesInit(memory));
  // Node ignores SIGPIPE, and an ignored signal stays ignored across exec. All bits, not sigfillset's:
  // glibc leaves out two signals of its own, and has the program ignore those.
  checkSpawn(spawning.setSignalDefaults(memory, Buffer.alloc(layout.signalSet, 0xff)));
  checkSpawn(spawning.setSignalMask(memory, Buffer.alloc(layout.signalSet)));
  checkSpawn(spawning.setFlags(memory, flags));
  return memory;
}

function checkSpawn(errno: number): void {
  if (errno !== 0) throw new SysError(errno, 'posix_spawn');
}
