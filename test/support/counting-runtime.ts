import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

/** A runtime program that notes each of its calls and lets runc do the work. */
export class CountingRuntime {
  readonly #notes: string;

  /** @param path of the program that is written, for `runtime` of CreateContainer */
  constructor(readonly path: string) {
    this.#notes = `${path}.calls`;
    // The verb is the first argument that belongs to no global flag; each of these takes one more.
    writeFileSync(path, `#!/bin/sh
skip=
for argument in "$@"; do
  if [ -n "$skip" ]; then skip=; continue; fi
  case "$argument" in
    --log|--log-format|--root) skip=1 ;;
    -*) ;;
    *) echo "$argument" >> '${this.#notes}'; break ;;
  esac
done
exec runc "$@"
`);
    chmodSync(path, 0o755);
  }

  /** The verbs that it was called with since the last time this was asked, in order. */
  takeCalls(): string[] {
    if (!existsSync(this.#notes)) return [];
    const calls = readFileSync(this.#notes, 'utf8').trim().split('\n');
    rmSync(this.#notes);
    return calls;
  }
}
