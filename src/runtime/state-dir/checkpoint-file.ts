import { join } from 'node:path';
import { printJson } from '../json';
import type { CheckpointFlags } from '../oci/oci-runtime';
import { readJsonFile } from './read-json';
import { writeWhole } from './whole-file';

const CONFIG = 'config.json';
const MOST_BYTES = 1 << 20;

/** A checkpoint's own description, in its directory; a restore takes its flags from it. */
export interface CheckpointRecord extends CheckpointFlags {
  /** RFC 3339. */
  readonly created: string;
  readonly name: string;
  /** Whether the container ended with the checkpoint. */
  readonly exit: boolean;
}

/**
 * Writes `<checkpointDir>/config.json`.
 * @throws the system error of node:fs
 */
export function writeCheckpointRecord(checkpointDir: string, record: CheckpointRecord): void {
  const { created, name, tcp, unixSockets, shell, exit, emptyNS } = record;
  const content = { created, name, tcp, unixSockets, shell, exit, emptyNS: emptyNS.length === 0 ? null : emptyNS };
  writeWhole(join(checkpointDir, CONFIG), `${printJson(content)}\n`);
}

/**
 * Reads `<checkpointDir>/config.json`, ours or the original's.
 * @throws RuntimeError `bad-file`, naming file and field
 */
export function readCheckpointRecord(checkpointDir: string): CheckpointRecord {
  const fields = readJsonFile(join(checkpointDir, CONFIG), 'bad-file', { mostBytes: MOST_BYTES });
  return {
    created: fields.optionalString('created') ?? '',
    name: fields.string('name'),
    tcp: fields.optionalBoolean('tcp') ?? false,
    unixSockets: fields.optionalBoolean('unixSockets') ?? false,
    shell: fields.optionalBoolean('shell') ?? false,
    exit: fields.optionalBoolean('exit') ?? false,
    emptyNS: fields.optionalStrings('emptyNS') ?? [],
  };
}
