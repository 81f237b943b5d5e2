import { type Meanings, expanded } from './expansion';

/** What of a section has gone into nothing, and why. */
export interface Dropped {
  /** `[program:web] stdout_syslog`. */
  readonly what: string;
  readonly why: string;
}

/** A section of a program as it is imported: each key that is asked for has an equal, or is told as dropped. */
export class ProgramSection {
  readonly #asked = new Set<string>();
  readonly #dropped: Dropped[] = [];

  /** @param daemonValues of `[supervisord]`, which its programs have where they say nothing themselves */
  constructor(
    private readonly header: string,
    private readonly values: ReadonlyMap<string, string>,
    private readonly daemonValues: ReadonlyMap<string, string>,
    private readonly meanings: Meanings,
  ) {}

  get isListener(): boolean {
    return this.header.startsWith('eventlistener:');
  }

  get here(): string {
    return this.meanings.here;
  }

  has(key: string): boolean {
    return this.values.has(key);
  }

  /** Expanded; undefined where it is not there, or empty. */
  text(key: string): string | undefined {
    this.#asked.add(key);
    return this.#expanded(key, this.values.get(key));
  }

  daemon(key: string): string | undefined {
    return this.#expanded(key, this.daemonValues.get(key));
  }

  #expanded(key: string, value: string | undefined): string | undefined {
    if (value === undefined || value === '') return undefined;
    const problems: string[] = [];
    const text = expanded(value, this.meanings, (problem) => { problems.push(problem); });
    for (const problem of problems) this.drop(key, problem);
    return problems.length > 0 ? undefined : text;
  }

  /** Undefined, and told, for what is no whole number. */
  number(key: string): number | undefined {
    const text = this.text(key);
    if (text === undefined) return undefined;
    if (/^-?\d+$/.test(text)) return Number(text);
    this.drop(key, `expected a whole number, not ${JSON.stringify(text)}`);
    return undefined;
  }

  /** Python's words for it. */
  flag(key: string): boolean | undefined {
    const text = this.text(key)?.toLowerCase();
    if (text === undefined) return undefined;
    if (['true', 'yes', 'on', '1'].includes(text)) return true;
    if (['false', 'no', 'off', '0'].includes(text)) return false;
    this.drop(key, `expected true or false, not ${JSON.stringify(text)}`);
    return undefined;
  }

  drop(key: string, why: string): void {
    this.#asked.add(key);
    const what = `[${this.header}] ${key}`;
    if (!this.#dropped.some((each) => each.what === what)) this.#dropped.push({ what, why });
  }

  /** To be called once all that has an equal was asked for. */
  dropped(): readonly Dropped[] {
    for (const key of this.values.keys()) if (!this.#asked.has(key)) this.drop(key, 'not supported, dropped');
    return this.#dropped;
  }
}
