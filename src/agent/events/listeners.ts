import { createHash } from 'node:crypto';
import { mkdirSync, rmSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import type { NamedTexts } from '../../records/named-texts';
import { Fields } from '../../runtime/fields';
import type { Logger } from '../../runtime/logger';
import type { Poller } from '../../sys/poller';
import type { ProcessDefinition } from '../definitions/definition';
import { Cursor } from './cursor';
import type { LinePaths } from './listener-fifos';
import { ListenerLine, type LineState } from './listener-line';
import { ListenerPool } from './listener-pool';
import type { News } from './news';
import { type Notes, dropNote } from './notes';

export interface ListenersParts {
  readonly news: News;
  readonly cursors: NamedTexts;
  readonly notes: Notes;
  readonly poller: Poller;
  /** Of the FIFOs; made with the first. */
  readonly directory: string;
  readonly log: Logger;
}

/** What a listener of a definition is. */
type ListenerProcess = Pick<ProcessDefinition, 'fullName' | 'program' | 'listener'>;

/** The event listeners that run, with their pools. */
export class Listeners {
  readonly #pools = new Map<string, ListenerPool>();
  readonly #lines = new Map<string, { readonly line: ListenerLine; readonly pool: ListenerPool }>();

  constructor(private readonly parts: ListenersParts) {}

  /** For its stdio. Short, whatever the process's name. */
  pathsOf(name: string): LinePaths {
    const path = join(this.parts.directory, createHash('sha256').update(name).digest('hex').slice(0, 16));
    return { stdin: `${path}.in`, stdout: `${path}.out` };
  }

  /** These are in use from now on, and no others: how far others were is forgotten. */
  use(definitions: readonly { readonly name: string; readonly listener: ProcessDefinition['listener'] }[]): void {
    const heard = new Set(definitions.filter(({ listener }) => listener !== undefined).map(({ name }) => name));
    for (const [program, pool] of this.#pools) {
      if (heard.has(program)) continue;
      pool.close();
      this.#pools.delete(program);
      void Cursor.forget(this.parts.cursors, this.parts.notes, this.parts.log, cursorName(program));
    }
    for (const { name, listener } of definitions) this.define({ program: name, listener });
  }

  /** It is told of events from now on, also before it runs. No listener: nothing is done. */
  define({ program, listener }: Pick<ProcessDefinition, 'program' | 'listener'>): void {
    if (listener === undefined) return;
    const { news, cursors, notes, log } = this.parts;
    const before = this.#pools.get(program);
    if (before === undefined) this.#pools.set(program, new ListenerPool(news, program, listener.events, new Cursor(cursors, notes, log, cursorName(program), news.events.lastId), log));
    else before.hear(listener.events);
  }

  /** A run of it is about to start. @param onLost it is to be another run @throws the system's error */
  open(process: ListenerProcess, generation: number, onLost: () => void): void {
    this.#open(process, generation, onLost, undefined);
  }

  /** It runs since before this daemon. @throws the system's error */
  goOn(process: ListenerProcess, generation: number, onLost: () => void): void {
    const before = this.#noteOf(process.fullName);
    if (before?.generation !== generation) {
      this.parts.log.warn({ program: process.fullName }, 'where an event listener stands is not known: it is started again');
      onLost();
      return;
    }
    this.#open(process, generation, onLost, before);
  }

  #open(process: ListenerProcess, generation: number, onLost: () => void, before: LineState | undefined): void {
    const { fullName: name, program } = process;
    this.define(process);
    this.shut(name);
    const pool = this.#pools.get(program);
    if (pool === undefined) return;
    const { poller, directory, notes, log } = this.parts;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const line: ListenerLine = new ListenerLine(poller, this.pathsOf(name), generation, {
      isReady: () => { this.#poolOf(name)?.more(); },
      answered: (eventId, answer) => { this.#poolOf(name)?.answered(eventId, answer); },
      saidNonsense: (said) => {
        log.error({ program: name, said }, 'an event listener does not speak the protocol; it is sent nothing more until it is started again');
        this.shut(name);
      },
      isLost: (why) => {
        log.error({ program: name, why }, 'where an event listener stands is not known: it is started again');
        this.shut(name);
        onLost();
      },
      store: (state) => { notes.setFact(noteName(name), JSON.stringify(state)); },
    }, before);
    this.#lines.set(name, { line, pool });
    pool.add(line);
  }

  /** Nothing of its run is there any more: what it had not answered goes to another one. */
  shut(name: string): void {
    const open = this.#lines.get(name);
    if (open === undefined) return;
    this.#lines.delete(name);
    open.line.close();
    open.pool.remove(open.line);
  }

  /** A process is forgotten. */
  forget(name: string): void {
    this.shut(name);
    dropNote(this.parts.notes, noteName(name), this.parts.log);
    const { stdin, stdout } = this.pathsOf(name);
    rmSync(stdin, { force: true });
    rmSync(stdout, { force: true });
    try {
      rmdirSync(this.parts.directory);
    } catch {
      // Those of others are there, or none ever was.
    }
  }

  /** Nothing more is told; what runs runs on. May be called twice. */
  close(): void {
    // First these: what a line had not answered goes to no other one now.
    for (const pool of this.#pools.values()) pool.close();
    this.#pools.clear();
    for (const name of [...this.#lines.keys()]) this.shut(name);
  }

  #poolOf(name: string): ListenerPool | undefined {
    return this.#lines.get(name)?.pool;
  }

  #noteOf(name: string): LineState | undefined {
    try {
      const text = this.parts.notes.fact(noteName(name));
      if (text === undefined) return undefined;
      const fields = Fields.of(JSON.parse(text) as unknown, `the note of ${name}`, 'bad-file');
      const phase = fields.string('phase');
      if (phase !== 'acknowledged' && phase !== 'ready' && phase !== 'sending' && phase !== 'busy') return undefined;
      return { generation: fields.integer('generation', 0, Number.MAX_SAFE_INTEGER), phase, eventId: fields.integer('eventId', 0, Number.MAX_SAFE_INTEGER), isHearing: fields.boolean('isHearing') };
    } catch {
      return undefined;
    }
  }
}

function cursorName(program: string): string {
  return `eventlistener ${program}`;
}

function noteName(process: string): string {
  return `event-listener ${process}`;
}
