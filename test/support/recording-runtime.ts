import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';

/** A runtime for `runtime` of CreateContainer that writes down how it is called, and has runc do it. */
export class RecordingRuntime {
  readonly #verbs: string;
  readonly #input: string;

  /**
   * @param path of the program
   * @param instead shell commands by verb, run in place of runc: `$log` is the runtime's log file
   */
  constructor(readonly path: string, instead: Readonly<Record<string, string>> = {}) {
    this.#verbs = `${path}.calls`;
    this.#input = `${path}.input`;
    const cases = Object.entries(instead).map(([verb, commands]) => `  *" ${verb} "*) ${commands};;`);
    const lines = [
      '#!/bin/sh',
      'log=/dev/null; previous=',
      'for argument in "$@"; do [ "$previous" = --log ] && log=$argument; previous=$argument; done',
      // One write each, so that calls side by side do not mix.
      `printf '%s\\n' "$*" >> '${this.#verbs}'`,
      'case " $* " in',
      ...cases,
      `  *" update "*) cat > '${this.#input}'; exec runc "$@" < '${this.#input}';;`,
      'esac',
      'exec runc "$@"',
    ];
    writeFileSync(path, `${lines.join('\n')}\n`);
    chmodSync(path, 0o755);
  }

  /** The arguments of each call with that verb, the global ones before it left out. */
  calls(verb: string): string[] {
    if (!existsSync(this.#verbs)) return [];
    const marker = ` ${verb} `;
    return readFileSync(this.#verbs, 'utf8')
      .split('\n')
      .filter((line) => line.includes(marker))
      .map((line) => line.slice(line.indexOf(marker) + 1));
  }

  /** How often it was called. */
  get count(): number {
    return existsSync(this.#verbs) ? readFileSync(this.#verbs, 'utf8').split('\n').length - 1 : 0;
  }

  /** What the last `update` read on its standard input. */
  get input(): string {
    return readFileSync(this.#input, 'utf8');
  }
}
