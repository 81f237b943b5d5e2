import { Fields } from '../../runtime/fields';
import { type KeptOutput, type OutputStream, keptOf } from '../../runtime/kept-output/kept-output';

/** What the shim asks of a copier. Descriptors are numbers in the shim, which keeps them open until the copy has ended. */
export type CopierRequest =
  | ({ readonly verb: 'copy'; readonly id: number } & CopyEnds)
  | { readonly verb: 'flush' | 'drop'; readonly id: number };

export interface CopyEnds {
  readonly direction: 'input' | 'output';
  readonly shimPid: number;
  readonly fifoFd: number;
  readonly stagedFd: number;
  readonly noteFd: number;
  /** Names the client's file (O_PATH); of kept output, a directory on its file system. */
  readonly fileFd: number;
  /** The output is kept, in the place of going to a file of the client. */
  readonly kept?: KeptStream | undefined;
}

/** Which stream is kept, and how. */
export interface KeptStream {
  readonly stream: OutputStream;
  readonly output: KeptOutput;
}

/** The id of no copy. */
export const NO_COPY = 0;

/** `opened`: it has all that it needs, whoever dies; of no copy: it has come up, and hears (a shim of before, which runs the copier that it finds on the disk, passes that over). `flushed`: all that was in the FIFO when that was asked is in the file. `ended`: the copier has let go of everything. */
export type CopierReport =
  | { readonly report: 'opened' | 'flushed' | 'ended'; readonly id: number }
  | { readonly report: 'error'; readonly id: number; readonly message: string };

/** @returns the message's line, its end included */
export function encodeCopierMessage(message: CopierRequest | CopierReport): string {
  return `${JSON.stringify(message)}\n`;
}

/** @throws RuntimeError `bad-message` */
export function decodeCopierRequest(line: string): CopierRequest {
  const fields = Fields.of(JSON.parse(line), 'copier', 'bad-message');
  const id = fields.integer('id');
  const verb = fields.string('verb');
  if (verb === 'flush' || verb === 'drop') return { verb, id };
  if (verb !== 'copy') return fields.fail('verb', 'unknown');
  return {
    verb, id,
    direction: fields.string('direction') === 'input' ? 'input' : 'output',
    shimPid: fields.integer('shimPid', 1),
    fifoFd: fields.integer('fifoFd'),
    stagedFd: fields.integer('stagedFd'),
    noteFd: fields.integer('noteFd'),
    fileFd: fields.integer('fileFd'),
    kept: keptStreamOf(fields.optionalObject('kept')),
  };
}

/** @throws RuntimeError, naming the member */
export function keptStreamOf(fields: Fields | undefined): KeptStream | undefined {
  if (fields === undefined) return undefined;
  return { stream: fields.string('stream') === 'stderr' ? 'stderr' : 'stdout', output: keptOf(fields.object('output')) };
}

/** @throws RuntimeError `bad-message` */
export function decodeCopierReport(line: string): CopierReport {
  const fields = Fields.of(JSON.parse(line), 'copier', 'bad-message');
  const id = fields.integer('id');
  const report = fields.string('report');
  if (report === 'opened' || report === 'flushed' || report === 'ended') return { report, id };
  if (report !== 'error') return fields.fail('report', 'unknown');
  return { report, id, message: fields.string('message') };
}
