import { type AvailableProcess, GroupChange_Kind as Change, type RereadResponse, type UpdateResponse, UpdateResponse_Kind as Kind } from '../../api/gen/holdfast/v1/definitions';
import { type Schema, arrayOf, nullable, object } from './schema';

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;
const whole = { type: 'integer' } as const;

/** A process that the files define, as `avail` prints it with --json. */
export function availableJson({ name, in_use, autostart, group_priority, priority }: AvailableProcess): object {
  return { name, in_use, autostart, group_priority, priority };
}

export const availableSchema: Schema = object({ name: text, in_use: flag, autostart: flag, group_priority: whole, priority: whole });

/** What `reread` prints with --json. */
export function rereadJson({ changes, errors }: RereadResponse): object {
  return { changes: changes.map(({ group, kind }) => ({ group, change: Change[kind].toLowerCase() })), errors };
}

export const rereadSchema: Schema = object({ changes: arrayOf(object({ group: text, change: { enum: ['available', 'changed', 'disappeared'] } })), errors: arrayOf(text) });

/** A line of `update --json`: what was done, or with --dry-run would be; the last one has what is wrong with the files, where something is. */
export function updateJson({ name, kind, keys, detail, errors }: UpdateResponse): object {
  return { name: name === '' ? null : name, change: kind === Kind.NONE ? null : Kind[kind].toLowerCase(), keys, detail: detail === '' ? null : detail, errors };
}

export const updateSchema: Schema = object({ name: nullable(text), change: nullable(text), keys: arrayOf(text), detail: nullable(text), errors: arrayOf(text) });

/** What `check` prints with --json. */
export const checkSchema: Schema = object({ files: whole, programs: whole, errors: arrayOf(text) });
