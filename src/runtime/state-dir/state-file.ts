import { join } from 'node:path';
import { printJson } from '../json';
import { files } from './layout';
import { readJsonFile } from './read-json';
import { writeWhole } from './whole-file';

const MOST_BYTES = 1 << 20;

/** What a container is: written once at its creation, read by a restart and by containerd 0.2.x. */
export interface ContainerRecord {
  /** The client's bundle directory. */
  readonly bundle: string;
  readonly labels: readonly string[];
  /** The runtime as the client named it. */
  readonly runtime: string;
  readonly runtimeArgs: readonly string[];
  readonly shim: string;
  readonly noPivotRoot: boolean;
}

/**
 * Writes `state.json` into a container's directory.
 * @throws the system error of node:fs
 */
export function writeContainerRecord(containerDir: string, record: ContainerRecord): void {
  const state = {
    bundle: record.bundle,
    labels: orNull(record.labels),
    // The original's fields for the container's stdio; each process has its own in process.json.
    stdin: '',
    stdout: '',
    stderr: '',
    runtime: record.runtime,
    runtimeArgs: orNull(record.runtimeArgs),
    shim: record.shim,
    noPivotRoot: record.noPivotRoot,
  };
  writeWhole(join(containerDir, files.state), `${printJson(state)}\n`);
}

/**
 * Reads `state.json`, ours or the original's.
 * @throws RuntimeError `bad-file`, naming file and field
 */
export function readContainerRecord(containerDir: string): ContainerRecord {
  const fields = readJsonFile(join(containerDir, files.state), 'bad-file', { mostBytes: MOST_BYTES });
  return {
    bundle: fields.absolutePath('bundle'),
    labels: fields.optionalStrings('labels') ?? [],
    runtime: fields.string('runtime'),
    runtimeArgs: fields.optionalStrings('runtimeArgs') ?? [],
    shim: fields.optionalString('shim') ?? '',
    noPivotRoot: fields.optionalBoolean('noPivotRoot') ?? false,
  };
}

/** Go prints an empty list that was never filled as null, and so do these files. */
export function orNull(list: readonly string[]): readonly string[] | null {
  return list.length === 0 ? null : list;
}
