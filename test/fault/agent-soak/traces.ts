import { existsSync, readFileSync } from 'node:fs';

import { keptText } from '../../support/kept-files';
import type { Kind } from './kinds';

/** A run, as the program itself has written it down. */
export interface Run {
  readonly generation: number;
  readonly pid: number;
  /** Of its definition; empty where it has none. */
  readonly version: string;
  /** It has said that it ends, and with which status. */
  end: number | undefined;
}

/** What is known of a process's runs beside what it writes itself. */
export interface Excuses {
  /** Generations that the soak has sent SIGKILL. */
  readonly killed: ReadonlySet<number>;
  /** How often it was asked for something that ends it. */
  readonly asked: number;
}

/** What one process has written down of itself. */
export class Traces {
  constructor(private readonly directory: string, readonly process: string) {}

  /** In the order of their begins. @throws Error where one was started beside another, or twice */
  runs(): readonly Run[] {
    const runs: Run[] = [];
    for (const line of linesOf(`${this.directory}/${this.process}.runs`)) {
      const [what, generation = '', value = '', version = ''] = line.split(' ');
      const last = runs.at(-1);
      if (what === 'end' && last?.generation === Number(generation)) last.end = Number(value);
      else if (what !== 'run') throw new Error(`${this.process}: ${line}, after run ${String(last?.generation)} as ${String(last?.pid)}`);
      else if (last !== undefined && last.generation >= Number(generation)) throw new Error(`${this.process}: generation ${generation} was started twice, or after ${String(last.generation)}`);
      else runs.push({ generation: Number(generation), pid: Number(value), version, end: undefined });
    }
    return runs;
  }

  /** What is wrong with its ends: nobody but who was told to has ended it. */
  complaintsOfEnds({ endsItself, isStubborn }: Kind, { killed, asked }: Excuses): string[] {
    const over = this.runs().slice(0, -1);
    const unseen = over.filter(({ generation, end }) => end === undefined && !killed.has(generation));
    const stopped = over.filter(({ end }) => end === 0).length;
    return [
      ...(isStubborn === true ? [] : unseen.map(({ generation, pid }) => `${this.process}: run ${String(generation)} as ${String(pid)} ended, and nobody had killed it`)),
      ...(endsItself !== true && stopped + (isStubborn === true ? unseen.length : 0) > asked ? [`${this.process} was ended ${String(stopped)} times, and that was asked for ${String(asked)} times`] : []),
    ];
  }

  /**
   * Compares what is kept of its output with what it has written. A run that was ended may not have come to write its last line.
   * @param kept directory @param isOver nothing is under way any more @param mayLack generations whose last output went with the host
   */
  complaintsOfOutput(kept: string, isOver: boolean, mayLack: ReadonlySet<number>): string[] {
    const found = byGeneration(existsSync(kept) ? keptText(kept, 'stdout').split('\n').filter((line) => line !== '') : []);
    const written = byGeneration(linesOf(`${this.directory}/${this.process}.written`));
    const last = [...written.keys()].at(-1);
    const complaints = [...found.keys()].filter((generation) => !written.has(generation)).map((generation) => `${this.process}: output of run ${generation}, which has written none`);
    for (const [generation, lines] of written) {
      const there = found.get(generation) ?? [];
      const at = there.findIndex((line, index) => line !== lines[index]);
      const lacking = lines.length - there.length;
      const mayBeOnTheWay = (generation === last && !isOver) || mayLack.has(Number(generation));
      if (at >= 0) complaints.push(`${this.process}: run ${generation} wrote ${String(lines[at])} where ${String(there[at])} is kept`);
      else if (lacking > 1 && !mayBeOnTheWay) complaints.push(`${this.process}: ${String(lacking)} lines of run ${generation} are lost`);
    }
    return complaints;
  }

  /** Bytes. */
  get writtenBytes(): number {
    const path = `${this.directory}/${this.process}.written`;
    return existsSync(path) ? readFileSync(path).length : 0;
  }
}

/** Without one that is being written. */
function linesOf(path: string): readonly string[] {
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : [];
}

function byGeneration(lines: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const line of lines) {
    const generation = line.slice(0, line.indexOf(' '));
    const before = found.get(generation);
    if (before === undefined) found.set(generation, [line]);
    else before.push(line);
  }
  return found;
}
