import type { ProgramDefinition, Webhook } from '../definitions/definition';
import { readProgram } from '../definitions/read-program';
import { TableReader, isTable } from '../definitions/table-reader';
import { Fields } from '../../runtime/fields';

/** A program whose definition is in use, and what its last change still asks for. */
export interface InUse {
  readonly definition: ProgramDefinition;
  /** How many processes, as `scale` has set it; undefined: the definition's `numprocs`. */
  readonly scale: number | undefined;
  readonly due: Due;
}

/** What is to be done because of a change: it may be done again. */
export interface Due {
  /** Once that is done it is in use no more. */
  readonly isGone: boolean;
  /** Processes that it has no more, by their full names. */
  readonly gone: readonly string[];
  /** Processes that are started anew, where they are of that generation still. */
  readonly restart: ReadonlyMap<string, number>;
  /** OCI's `linux.resources`, as JSON, for what runs; undefined: no limit has changed. */
  readonly resources: string | undefined;
  /** New processes that are to be up, also where nothing starts them by itself. */
  readonly start: readonly string[];
}

export const nothingDue: Due = { isGone: false, gone: [], restart: new Map(), resources: undefined, start: [] };

export function isAnythingDue({ isGone, gone, restart, resources, start }: Due): boolean {
  return isGone || gone.length > 0 || restart.size > 0 || resources !== undefined || start.length > 0;
}

/** As it is written down. */
export function printInUse({ definition, scale, due }: InUse): string {
  const { written, listener, group, groupPriority, source } = definition;
  return JSON.stringify({ table: written, isListener: listener !== undefined, group, groupPriority, source, scale, due: { ...due, restart: Object.fromEntries(due.restart) } });
}

/** As it is written down. */
export function printWebhook({ name, url, events, secretFile, source }: Webhook): string {
  return JSON.stringify({ name, url, events, secretFile, source });
}

/** @throws RuntimeError: what is written down cannot be read */
export function parseWebhook(what: string, text: string): Webhook {
  const value: unknown = JSON.parse(text);
  const fields = Fields.of(value, `${what} in use`, 'bad-file');
  const place = fields.object('source');
  return {
    name: fields.string('name'), url: fields.string('url'), events: fields.strings('events'), secretFile: fields.optionalString('secretFile'),
    source: { file: place.string('file'), line: place.integer('line'), column: place.integer('column') },
  };
}

/** @throws RuntimeError, an Error that names the program: what is written down cannot be read, or is no definition to this version */
export function parseInUse(name: string, text: string): InUse {
  const what = `the definition in use of ${name}`;
  const value: unknown = JSON.parse(text);
  const fields = Fields.of(value, what, 'bad-file');
  const isListener = fields.boolean('isListener');
  const place = fields.object('source');
  const source = { file: place.string('file'), line: place.integer('line'), column: place.integer('column') };
  const due = fields.object('due');
  const table: unknown = fields.values['table'];
  if (!isTable(table)) return fields.fail('table', 'expected an object');
  const problems: string[] = [];
  const complain = (_code: unknown, _path: unknown, message: string): void => { problems.push(message); };
  const reader = new TableReader({ complain, builtIns: undefined }, [isListener ? 'eventlistener' : 'program', name], table);
  const definition = { ...readProgram(reader, { name, isListener, source }), group: fields.string('group'), groupPriority: fields.integer('groupPriority') };
  if (problems.length > 0) throw new Error(`${what}: ${problems.join('; ')}`);
  const restart = due.object('restart');
  return {
    definition,
    scale: fields.optionalInteger('scale'),
    due: {
      isGone: due.boolean('isGone'),
      gone: due.strings('gone'),
      restart: new Map(Object.keys(restart.values).map((process) => [process, restart.integer(process, 0, Number.MAX_SAFE_INTEGER)])),
      resources: due.optionalString('resources'),
      start: due.strings('start'),
    },
  };
}
