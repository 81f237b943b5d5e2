import type { Deadline, Moment } from './clocks';
import type { AfterStop, Common, Due, End, Health, StartFailure, Stored } from './state';

/** What is written down of a program cannot be read. */
export class StoredTextError extends Error {
  constructor(field: string, value: unknown) {
    super(`what is kept of the program: ${field} cannot be ${JSON.stringify(value) ?? 'missing'}`);
    this.name = 'StoredTextError';
  }
}

/** As it is written down. */
export function printStored(stored: Stored): string {
  return JSON.stringify(stored);
}

/** Every field is looked at; what a later version has added is passed over. @throws StoredTextError, SyntaxError */
export function parseStored(text: string): Stored {
  const fields = new Fields(JSON.parse(text), '');
  const common: Common = {
    generation: fields.number('generation'),
    wanted: fields.oneOf('wanted', ['up', 'down']),
    since: momentOf(fields.child('since')),
    failures: fields.number('failures'),
    quickEnds: fields.number('quickEnds'),
    recentFailures: fields.children('recentFailures').map(momentOf),
    lastEnd: fields.has('lastEnd') ? endOf(fields.child('lastEnd')) : undefined,
    due: fields.has('due') ? dueOf(fields.child('due')) : undefined,
  };
  const state = fields.oneOf('state', ['STOPPED', 'STARTING', 'RUNNING', 'BACKOFF', 'STOPPING', 'EXITED', 'FATAL', 'UNKNOWN']);
  switch (state) {
    case 'STOPPED':
    case 'EXITED':
      return { ...common, state };
    case 'FATAL':
      return {
        ...common,
        state,
        reason: fields.text('reason'),
        failure: fields.has('failure') ? fields.oneOf<StartFailure>('failure', ['not-found', 'not-executable', 'other']) : 'other',
        isTold: fields.has('isTold') ? fields.flag('isTold') : true,
      };
    case 'UNKNOWN':
      return { ...common, state, reason: fields.text('reason') };
    case 'RUNNING':
      return { ...common, state, upSince: momentOf(fields.child('upSince')), health: healthOf(fields) };
    case 'BACKOFF':
      return { ...common, state, deadline: deadlineOf(fields.child('deadline')), reason: fields.text('reason') };
    case 'STARTING':
      return startingOf(common, fields);
    case 'STOPPING':
      return {
        ...common,
        state,
        upSince: fields.has('upSince') ? momentOf(fields.child('upSince')) : undefined,
        step: fields.number('step'),
        isSignalled: fields.flag('isSignalled'),
        deadline: fields.has('deadline') ? deadlineOf(fields.child('deadline')) : undefined,
        after: fields.oneOf<AfterStop>('after', ['stopped', 'start', 'backoff', 'removed']),
        reason: fields.text('reason'),
      };
  }
}

function startingOf(common: Common, fields: Fields): Stored {
  const state = 'STARTING';
  const phase = fields.oneOf('phase', ['dependency', 'start', 'probation', 'readiness']);
  switch (phase) {
    case 'dependency':
      return { ...common, state, phase, deadline: fields.has('deadline') ? deadlineOf(fields.child('deadline')) : undefined };
    case 'start':
      return { ...common, state, phase };
    case 'probation':
      return { ...common, state, phase, deadline: deadlineOf(fields.child('deadline')), upSince: momentOf(fields.child('upSince')), health: healthOf(fields) };
    case 'readiness':
      return { ...common, state, phase, upSince: momentOf(fields.child('upSince')), health: healthOf(fields) };
  }
}

function momentOf(fields: Fields): Moment {
  return { bootId: fields.text('bootId'), bootMs: fields.number('bootMs'), wallMs: fields.number('wallMs') };
}

function deadlineOf(fields: Fields): Deadline {
  return { ...momentOf(fields), spanMs: fields.number('spanMs') };
}

function healthOf(fields: Fields): Health | undefined {
  if (!fields.has('health')) return undefined;
  const health = fields.child('health');
  return { verdict: health.oneOf('verdict', ['starting', 'healthy', 'unhealthy']), failures: health.number('failures'), detail: health.text('detail') };
}

function dueOf(fields: Fields): Due {
  return { ...deadlineOf(fields), of: fields.text('of') };
}

function endOf(fields: Fields): End {
  return { status: fields.number('status'), unknown: fields.text('unknown'), atMs: fields.number('atMs'), ranMs: fields.number('ranMs') };
}

/** An object's fields, each checked as it is read. */
class Fields {
  readonly #fields: Readonly<Record<string, unknown>>;

  constructor(value: unknown, private readonly path: string) {
    if (typeof value !== 'object' || value === null) throw new StoredTextError(path === '' ? 'all of it' : path, value);
    this.#fields = value as Record<string, unknown>;
  }

  has(name: string): boolean {
    return this.#fields[name] !== undefined;
  }

  text(name: string): string {
    const value = this.#fields[name];
    return typeof value === 'string' ? value : this.#refuse(name);
  }

  number(name: string): number {
    const value = this.#fields[name];
    return typeof value === 'number' ? value : this.#refuse(name);
  }

  flag(name: string): boolean {
    const value = this.#fields[name];
    return typeof value === 'boolean' ? value : this.#refuse(name);
  }

  oneOf<T extends string>(name: string, values: readonly T[]): T {
    const value = this.#fields[name];
    return values.find((each) => each === value) ?? this.#refuse(name);
  }

  child(name: string): Fields {
    return new Fields(this.#fields[name], `${this.path}${name}.`);
  }

  children(name: string): Fields[] {
    const value = this.#fields[name];
    if (!Array.isArray(value)) return this.#refuse(name);
    return value.map((each: unknown, index) => new Fields(each, `${this.path}${name}[${String(index)}].`));
  }

  #refuse(name: string): never {
    throw new StoredTextError(`${this.path}${name}`, this.#fields[name]);
  }
}
