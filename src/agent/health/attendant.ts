import { setTimeout as pause } from 'node:timers/promises';
import { readOutput } from '../../programs/read-output';
import { patternOf } from '../../runtime/text/pattern';
import type { Health } from '../definitions/definition';
import type { ManagedDefinition } from '../engine/managed-definition';
import type { EngineParts } from '../engine/parts';
import { startedMs } from '../engine/run';
import { outputCursorOf } from '../engine/run-labels';
import type { ProgramEvent } from '../machine/event';
import { healthOf, isInStartPeriod } from '../machine/health';
import type { Stored } from '../machine/state';
import { failing, well } from './check-result';
import { reports } from './reports';

/** Made once, as its stack costs more than all else of an end here. */
const noLongerUp = new DOMException('the program is not up any more', 'AbortError');
/** What could not be looked at now may be there later. */
const retryMs = 1000;

/** A program that is up, as its attendant sees it. */
export interface Attended {
  readonly definition: ManagedDefinition;
  readonly stored: Stored;
  /** Settles once the event is taken. Never rejects. */
  report(event: ProgramEvent): Promise<void>;
}

/** Looks how a program is while it is up: makes its checks, one at a time, and hears and reads what it says of itself. */
export class Attendant {
  readonly #end = new AbortController();

  constructor(private readonly program: Attended, private readonly parts: EngineParts) {
    const { health, ready } = program.definition.process;
    if (health !== undefined && health.check.is !== 'notify') this.#run(() => this.#check(health));
    if (reports(program.definition.process)) this.#hear(health);
    if (ready.is === 'log' && program.stored.state === 'STARTING') this.#run(() => this.#read(ready.pattern));
  }

  /** May be called twice. */
  close(): void {
    this.#end.abort(noLongerUp);
  }

  #run(work: () => Promise<void>): void {
    work().catch((error: unknown) => {
      if (!this.#end.signal.aborted) this.parts.programs.log.error({ program: this.program.definition.name, err: error }, 'how a program is cannot be looked at');
    });
  }

  async #check(health: Health): Promise<void> {
    const { signal } = this.#end;
    for (;;) {
      await pause(pauseMs(health, this.program, this.parts), undefined, { signal, ref: false });
      const result = await this.parts.checks.make(this.program.definition.name, health, signal);
      if (result !== undefined && !signal.aborted) await this.program.report({ kind: 'checked', ...result });
    }
  }

  /** Who has said once that it is alive goes on with it, or is not well. */
  #hear(health: Health | undefined): void {
    const { program, parts } = this;
    let timer: NodeJS.Timeout | undefined;
    const awaitNext = (intervalMs: number, waitedMs = 0): void => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        void program.report({ kind: 'checked', ...failing('it has not said in time that it is alive') });
        awaitNext(intervalMs);
      }, Math.max(0, intervalMs - waitedMs)).unref();
    };
    // Whoever heard it last may have been another daemon, or the shim.
    const aliveMs = health?.check.is === 'notify' ? parts.notify.aliveMs(program.definition.name) : undefined;
    if (health !== undefined && aliveMs !== undefined) awaitNext(health.intervalMs, parts.now().bootMs - aliveMs);
    const leave = parts.notify.listen(program.definition.name, (notice) => {
      if (notice === 'ready') void program.report({ kind: 'ready' });
      if (health?.check.is !== 'notify') return;
      void program.report({ kind: 'checked', ...well });
      if (notice === 'alive') awaitNext(health.intervalMs);
    });
    this.#end.signal.addEventListener('abort', () => {
      clearTimeout(timer);
      leave();
    }, { once: true });
  }

  /** What it has written since its start, also while no daemon was there. */
  async #read(pattern: string): Promise<void> {
    const { program, parts } = this;
    const { signal } = this.#end;
    const isIt = patternOf(pattern) ?? (() => false);
    const { definition: { name }, stored } = program;
    // Of a daemon of before, which noted no place.
    const sinceNs = BigInt(Math.max(await startedMs(parts, name), stored.lastEnd?.atMs ?? 0)) * 1_000_000n;
    for (;;) {
      try {
        const cursor = await outputCursorOf(parts, name, stored.generation);
        for await (const piece of readOutput(parts.programs, { name, follow: true, ...(cursor === undefined ? { start: { sinceNs } } : { cursor }) }, signal)) {
          if (!('entries' in piece) || !piece.entries.some(({ text }) => isIt(text.toString()))) continue;
          await program.report({ kind: 'ready' });
          return;
        }
      } catch (error) {
        parts.programs.log.debug({ program: name, err: error }, 'what a program writes cannot be read');
      }
      await pause(retryMs, undefined, { signal, ref: false });
    }
  }
}

/** It is tried more often while failures do not count, and the first time soon. */
function pauseMs({ intervalMs, startIntervalMs }: Health, { definition, stored }: Attended, { now }: EngineParts): number {
  const health = healthOf(stored);
  const isFirst = health?.verdict === 'starting' && health.failures === 0;
  return isFirst || isInStartPeriod(stored, definition.policy, now()) ? Math.min(startIntervalMs, intervalMs) : intervalMs;
}
