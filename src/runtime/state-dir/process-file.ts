import { join } from 'node:path';
import { removeTree } from '../../sys/files/remove-tree';
import { Fields } from '../fields';
import { printJson, type JsonObject } from '../json';
import { files } from './layout';
import { type KeptOutput, keptMember, keptOf } from '../kept-output/kept-output';
import { liftProcess } from '../bundle/lift-process';
import { checkProcess } from '../bundle/process-check';
import type { ProcessSpec } from '../bundle/process-spec';
import { readJsonFile } from './read-json';
import { orNull } from './state-file';
import { writeWhole } from './whole-file';

// As for a bundle's config.json: an environment may be large.
const MOST_BYTES = 8 << 20;

/** What a shim needs to run a process, and a restart to find it again. */
export interface ProcessRecord {
  /** The OCI process, for the runtime to read (`exec --process`). */
  readonly spec: ProcessSpec;
  readonly exec: boolean;
  /** Paths of the client's stdio; an empty one is the null device. */
  readonly stdin: string;
  readonly stdout: string;
  readonly stderr: string;
  readonly runtimeArgs: readonly string[];
  readonly noPivotRoot: boolean;
  /** Directory of the checkpoint to restore from, else ''. */
  readonly checkpoint: string;
  /** The host ids of the container's root: not 0 in a user namespace. */
  readonly rootUid: number;
  readonly rootGid: number;
  /** The runtime makes no session keyring. Absent: it does. */
  readonly noNewKeyring?: boolean;
  /** Outputs without a path are kept so. Absent: theirs is the null device. */
  readonly output?: KeptOutput;
  /** Sockets that the shim holds under this name are its descriptors from 3 on. Absent: none. */
  readonly heldSockets?: string;
  /** Of an exec that is kept: no event tells of it. Absent: they do. */
  readonly isQuiet?: true;
}

/**
 * Writes `process.json` into a process's directory: the OCI process with our members beside its own.
 * @throws the system error of node:fs
 */
export function writeProcessRecord(processDir: string, record: ProcessRecord): void {
  const content = { ...specMembers(record.spec), ...instructions(record) };
  writeWhole(join(processDir, files.process), `${printJson(content)}\n`);
}

/** Like writeProcessRecord, whatever has taken the file's place. */
export function replaceProcessRecord(processDir: string, record: ProcessRecord): void {
  removeTree(join(processDir, files.process));
  writeProcessRecord(processDir, record);
}

/**
 * Reads `process.json`, ours or the original's (whose spec may have its old forms: it is lifted).
 * @throws RuntimeError `bad-file`, naming file and field
 */
export function readProcessRecord(processDir: string): ProcessRecord {
  const path = join(processDir, files.process);
  const fields = readJsonFile(path, 'bad-file', { mostBytes: MOST_BYTES });
  const spec = checkProcess(Fields.of(liftProcess(specMembers(fields.values)), path, 'bad-file'));
  return {
    spec,
    exec: fields.optionalBoolean('exec') ?? false,
    stdin: stdioPath(fields, 'containerdStdin'),
    stdout: stdioPath(fields, 'containerdStdout'),
    stderr: stdioPath(fields, 'containerdStderr'),
    runtimeArgs: fields.optionalStrings('runtimeArgs') ?? [],
    noPivotRoot: fields.optionalBoolean('noPivotRoot') ?? false,
    checkpoint: fields.optionalString('checkpoint') ?? '',
    rootUid: fields.optionalInteger('rootUID') ?? 0,
    rootGid: fields.optionalInteger('rootGID') ?? 0,
    ...(fields.optionalBoolean('noNewKeyring') === true ? { noNewKeyring: true } : {}),
    ...keptOutput(fields),
    ...heldSocketsOf(fields),
    ...(fields.optionalBoolean('holdfastQuiet') === true ? { isQuiet: true } : {}),
  };
}

/** Our members of the file, in the original's order. */
function instructions(record: ProcessRecord): JsonObject & Record<Exclude<Instruction, 'noNewKeyring' | 'holdfastOutput' | 'holdfastQuiet' | 'holdfastSockets'>, unknown> {
  return {
    exec: record.exec,
    containerdStdin: record.stdin,
    containerdStdout: record.stdout,
    containerdStderr: record.stderr,
    runtimeArgs: orNull(record.runtimeArgs),
    noPivotRoot: record.noPivotRoot,
    checkpoint: record.checkpoint,
    rootUID: record.rootUid,
    rootGID: record.rootGid,
    // Ours, and only where it is set: the file stays what the original writes.
    ...(record.noNewKeyring === true ? { noNewKeyring: true } : {}),
    ...(record.output === undefined ? {} : { holdfastOutput: keptMember(record.output) }),
    ...(record.heldSockets === undefined ? {} : { holdfastSockets: record.heldSockets }),
    ...(record.isQuiet === true ? { holdfastQuiet: true } : {}),
  };
}

function keptOutput(fields: Fields): { readonly output?: KeptOutput } {
  const member = fields.optionalObject('holdfastOutput');
  return member === undefined ? {} : { output: keptOf(member) };
}

function heldSocketsOf(fields: Fields): { readonly heldSockets?: string } {
  const name = fields.optionalString('holdfastSockets');
  return name === undefined ? {} : { heldSockets: name };
}

const INSTRUCTIONS = [
  'exec', 'containerdStdin', 'containerdStdout', 'containerdStderr', 'runtimeArgs', 'noPivotRoot', 'checkpoint',
  'rootUID', 'rootGID', 'noNewKeyring', 'holdfastOutput', 'holdfastQuiet', 'holdfastSockets',
] as const;
type Instruction = (typeof INSTRUCTIONS)[number];
const INSTRUCTION_NAMES: ReadonlySet<string> = new Set(INSTRUCTIONS);

/** The spec's own members; one of the same name as ours would be taken for it. */
function specMembers(values: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(values).filter(([name]) => !INSTRUCTION_NAMES.has(name)));
}

function stdioPath(fields: Fields, name: string): string {
  const path = fields.optionalString(name) ?? '';
  if (path.includes('\0')) return fields.fail(name, 'the path holds a NUL byte');
  return path;
}
