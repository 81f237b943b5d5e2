import type { Timestamp } from '../../api/gen/google/protobuf/timestamp';
import { jsonTime } from '../text/moment';
import { type Schema, nullable, object } from './schema';

/** A line of kept output as `logs` prints it with --json. */
export interface LogLine {
  /** Undefined where output is kept `raw`. */
  readonly time: Timestamp | undefined;
  readonly name: string;
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
  /** It goes on with the next one of its stream. */
  readonly partial: boolean;
}

export function logLineJson({ time, name, stream, text, partial }: LogLine): object {
  return { time: jsonTime(time), name, stream, text, partial };
}

export const logLineSchema: Schema = object({
  time: nullable({ type: 'string' }),
  name: { type: 'string' },
  stream: { enum: ['stdout', 'stderr'] },
  text: { type: 'string' },
  partial: { type: 'boolean' },
});
