import { existsSync, mkdirSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { checkSpec } from './bundle-check';
import { mapList, mapObject, withMember } from './edit';
import { RuntimeError } from '../errors';
import { Fields } from '../fields';
import { printJson, type JsonObject } from '../json';
import { liftSpecObject } from './lift';
import type { ProcessSpec } from './process-spec';
import { systemErrorText } from '../state-dir/read-file';
import type { ForeignFiles } from '../foreign/foreign-files';
import { readJsonFile } from '../state-dir/read-json';
import { writeWhole } from '../state-dir/whole-file';
import { removeTree } from '../../sys/files/remove-tree';

const CONFIG = 'config.json';
/** A client may well link its config.json to where it keeps it. */
const readOptions = { mostBytes: 8 << 20, followLink: true };

/** A client's bundle, ready for the runtime. */
export interface Bundle {
  /** The client's directory. */
  readonly path: string;
  /** The directory that the runtime is given: the same, or ours with the lifted spec. */
  readonly runtimePath: string;
  /** The init process, from the lifted spec. */
  readonly processSpec: ProcessSpec;
  /** Whether the container gets a pid namespace of its own, so that all of it ends with its init process. */
  readonly hasPidNamespace: boolean;
  readonly terminal: boolean;
  /** Host ids of the container's root. */
  readonly rootUid: number;
  readonly rootGid: number;
}

/** What becomes of a spec that is not given to the runtime as it is. */
export interface BundleLift {
  /** A directory of ours for this container, or a bundle of ours itself. */
  readonly path: string;
  /**
   * What starts the runtime has an oom_score_adj of its own, which the container would inherit where its spec says
   * none (runtime-spec, config.md, `oomScoreAdj`): it gets 0.
   */
  readonly setsOomScore: boolean;
}

/**
 * Reads a bundle's spec and lifts it to 1.0 if it is older. The client's file is never changed: a lifted
 * spec is written to `<liftedPath>/config.json`, with the paths in it that were relative to the
 * client's directory made absolute.
 * @param lift where it goes; the caller removes it with the container
 * Rejects with RuntimeError `bad-bundle`, one line that names the file and the member, or with the signal's reason.
 */
export async function loadBundle(
  foreign: Pick<ForeignFiles, 'readJson'>,
  bundlePath: string,
  lift: BundleLift,
  signal?: AbortSignal,
): Promise<Bundle> {
  checkPath(bundlePath);
  const spec = (await foreign.readJson(join(bundlePath, CONFIG), 'bad-bundle', readOptions, signal)).values;
  const ofToday = liftSpecObject(spec);
  const lifted = lift.setsOomScore ? mapObject(ofToday, 'process', withOomScore) : ofToday;
  if (lifted === spec) return describe(bundlePath, bundlePath, spec);
  const bundle = describe(bundlePath, lift.path, lifted);
  writeLifted(lift.path, relocate(lifted, bundlePath));
  return bundle;
}

/**
 * Finds a running container's bundle again, after a restart, without writing anything.
 * @throws RuntimeError `bad-bundle`; a client may remove its bundle while the container runs
 */
export function reloadBundle(bundlePath: string, liftedPath: string): Bundle {
  checkPath(bundlePath);
  const runtimePath = existsSync(join(liftedPath, CONFIG)) ? liftedPath : bundlePath;
  return describe(bundlePath, runtimePath, liftSpecObject(readSpec(runtimePath)));
}

/** Removes what loadBundle wrote, if anything. */
export function removeLiftedBundle(liftedPath: string): void {
  // Few have one.
  if (existsSync(liftedPath)) removeTree(liftedPath);
}

function withOomScore(process: JsonObject): JsonObject {
  return Object.hasOwn(process, 'oomScoreAdj') ? process : withMember(process, 'oomScoreAdj', 0);
}

function describe(bundlePath: string, runtimePath: string, spec: JsonObject): Bundle {
  const facts = checkSpec(Fields.of(spec, join(bundlePath, CONFIG), 'bad-bundle'));
  return { path: bundlePath, runtimePath, ...facts, terminal: facts.processSpec.terminal === true };
}

function checkPath(bundlePath: string): void {
  if (bundlePath === '') throw new RuntimeError('bad-bundle', 'empty bundle path');
  if (!isAbsolute(bundlePath) || bundlePath.includes('\0')) {
    throw new RuntimeError('bad-bundle', `bundle path ${JSON.stringify(bundlePath)} is not absolute`);
  }
}

function readSpec(bundlePath: string): JsonObject {
  return readJsonFile(join(bundlePath, CONFIG), 'bad-bundle', readOptions).values;
}

function writeLifted(liftedPath: string, spec: JsonObject): void {
  const path = join(liftedPath, CONFIG);
  try {
    mkdirSync(liftedPath, { recursive: true, mode: 0o700 });
    writeWhole(path, printJson(spec));
  } catch (error) {
    throw new RuntimeError('bad-bundle', `write ${path}: ${systemErrorText(error)}`, { cause: error });
  }
}

/** Makes the paths of a spec absolute that a runtime takes to be relative to the bundle: the root, and bind mounts' sources. */
export function relocate(spec: JsonObject, bundlePath: string): JsonObject {
  const rooted = mapObject(spec, 'root', (root) => makeAbsolute(root, 'path', bundlePath));
  return mapList(rooted, 'mounts', (mount) => (isBind(mount) ? makeAbsolute(mount, 'source', bundlePath) : mount));
}

function makeAbsolute(object: JsonObject, member: string, base: string): JsonObject {
  const path = object[member];
  if (typeof path !== 'string' || path === '' || isAbsolute(path)) return object;
  return withMember(object, member, join(base, path));
}

function isBind(mount: JsonObject): boolean {
  const options: unknown = mount['options'];
  return mount['type'] === 'bind' || (Array.isArray(options) && (options.includes('bind') || options.includes('rbind')));
}
