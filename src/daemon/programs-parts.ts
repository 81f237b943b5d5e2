import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PROGRAMS_NAMESPACE, programKey } from '../programs/name';
import { type NetworkPlace, givingBack, networkId, networkedSpec } from '../programs/network/spec';
import type { ProgramParts, RootMount } from '../programs/parts';
import { Programs } from '../programs/programs';
import type { Definition, StdioPaths } from '../records/definition';
import type { Records } from '../records/records';
import { KEPT_DEFAULTS, type KeptOutput, keptDirectory } from '../runtime/kept-output/kept-output';
import { HOST_RUNTIME } from '../runtime/host/host-name';
import { rootGidOf } from '../runtime/bundle/root-gid';
import { type JsonObject, isJsonObject, parseJson, printJson } from '../runtime/json';
import type { ContainerKey } from '../runtime/state-dir/container-key';
import { INIT, type StateDir, files } from '../runtime/state-dir/layout';
import type { Context } from '../supervisor/context';
import type { Supervisor } from '../supervisor/supervisor';
import type { TaskArgs } from '../supervisor/task';
import { StartClock, bootId } from '../sys/boot';
import { type ChildReaper, exitStatusOf } from '../sys/process/children';
import { runWithInput } from '../sys/process/run-with-input';
import { runtimeRootOf } from './runtime-root';
import type { Settings } from './settings';

export interface ProgramsOptions {
  readonly supervisor: Supervisor;
  readonly context: Context;
  readonly records: Records;
  readonly stateDir: StateDir;
  readonly settings: Settings;
  readonly reaper: ChildReaper;
  readonly roots: ProgramParts['roots'];
  /** Path of the program that gives containers their networks. */
  readonly networkHook: string;
}

/** The programs, given what they need. */
export function makePrograms({ supervisor, context, records, stateDir, settings, reaper, roots, networkHook }: ProgramsOptions): Programs {
  // Of its own: the runtime knows no namespaces, and another one's container may have the id.
  const root = ['--root', join(runtimeRootOf(stateDir), PROGRAMS_NAMESPACE)];
  const runtimeOf = ({ runtime, runtimeArgs }: Definition): { readonly runtime: string; readonly runtimeArgs: readonly string[] } => {
    const isOwn = runtime !== '';
    return { runtime: isOwn ? runtime : settings.runtime, runtimeArgs: [...(isOwn ? runtimeArgs : settings.runtimeArgs), ...root] };
  };
  const outputOf = (key: ContainerKey, { keptOutput }: Definition): { readonly output?: KeptOutput } => {
    const { format, maxSizeBytes = 0, maxFiles = 0 } = keptOutput ?? KEPT_DEFAULTS;
    if (format === 'none') return {};
    return {
      output: {
        dir: keptDirectory(settings.root, key),
        format,
        maxSizeBytes: maxSizeBytes === 0 ? KEPT_DEFAULTS.maxSizeBytes : maxSizeBytes,
        maxFiles: maxFiles === 0 ? KEPT_DEFAULTS.maxFiles : maxFiles,
        holdsDir: stateDir.holdsDir(key),
        rate: keptOutput?.rate,
        maxAgeMs: keptOutput?.maxAgeMs,
        compress: keptOutput?.compress,
      },
    };
  };
  const inputOf = ({ openStdin }: Definition): { readonly opensInput?: 'always' | 'terminal' } =>
    openStdin === false ? {} : { opensInput: openStdin === true ? 'always' : 'terminal' };
  const networkOf = (name: string): NetworkPlace => ({
    hook: networkHook, directory: join(stateDir.companion, 'networks'), environment: process.env, id: networkId(stateDir.root, name), isThere: existsSync,
  });
  const networked = (name: string, { containerSpec, image }: Definition): string => {
    const spec = specOf(containerSpec);
    const whole = spec && networkedSpec(spec, networkOf(name), image !== undefined);
    return whole === spec ? containerSpec : printJson(whole);
  };
  const taskOf = (name: string, definition: Definition, stdio: StdioPaths, rootfs: readonly RootMount[]): TaskArgs['createTask'] => {
    const { labels, hostProgram } = definition;
    const id = programKey(name);
    const spec = hostProgram === '' ? networked(name, definition) : hostProgram;
    const bundlePath = spec === '' ? definition.bundle : stateDir.ownBundle(id);
    const runtime = hostProgram !== '' ? { runtime: HOST_RUNTIME, runtimeArgs: [] } : runtimeOf(definition);
    return {
      request: {
        id,
        bundlePath,
        ...(spec === '' ? {} : { ownBundle: { config: Buffer.from(spec), rootfs, groupId: rootGidOf(parseJson(spec)) } }),
        checkpoint: '',
        ...stdio,
        ...outputOf(id, definition),
        ...inputOf(definition),
        ...(definition.heldSockets === undefined ? {} : { heldSockets: definition.heldSockets }),
        labels,
        noPivotRoot: definition.noPivot,
        ...runtime,
        shim: settings.shim,
      },
      detail: { bundle: bundlePath, io: { ...stdio, terminal: false } },
    };
  };
  return new Programs({
    supervisor,
    publisher: context.publisher,
    definitions: records.definitions,
    log: context.log,
    poller: context.tools.poller,
    bootId: bootId(),
    inputPath: (key) => join(stateDir.processDir(key, INIT), files.input),
    output: {
      directoryOf: (key) => keptDirectory(settings.root, key),
      files: context.tools.foreign,
      holdsDir: dirname(stateDir.holdsDir(programKey('all'))),
    },
    nowNs: () => BigInt(Date.now()) * 1_000_000n,
    startClock: new StartClock(),
    roots,
    networks: {
      giveBack: async (name, { containerSpec }) => {
        const spec = specOf(containerSpec);
        const run = spec && givingBack(spec, networkOf(name));
        return run && exitStatusOf(await runWithInput(reaper, { ...run, input: Buffer.alloc(0) }));
      },
    },
    mayWrite: () => records.refusal === undefined,
    taskOf,
  });
}

function specOf(containerSpec: string): JsonObject | undefined {
  const spec = containerSpec === '' ? undefined : parseJson(containerSpec);
  return isJsonObject(spec) ? spec : undefined;
}
