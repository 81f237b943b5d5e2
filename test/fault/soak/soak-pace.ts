import type { SoakFigures } from './soak-host';
import type { Random } from './soak-random';

/** Between the moment that a daemon serves and the next kill. */
const meanPauseMs = 200;
const longestPauseMs = 2000;
/** So many kills in a row may leave no time for anything; from then on each pause is so much longer than the last. */
const mayBeFruitless = 8;
const growth = 1.5;
const growsTimes = 10;

/**
 * How long a daemon lives between two kills. On a slow machine nothing gets through between them: kills that leave no time for
 * anything find nothing out, and the work that they cut off would go on for ever. There daemons live longer until something has.
 */
export class SoakPace {
  #fruitless = 0;
  #last: readonly number[] = [];

  constructor(private readonly figures: Readonly<SoakFigures>, private readonly random: Random) {}

  /** Milliseconds to the next kill. */
  nextMs(): number {
    const now = this.#through();
    this.#fruitless = now.every((count, at) => count > (this.#last[at] ?? 0)) ? 0 : this.#fruitless + 1;
    if (this.#fruitless === 0) this.#last = now;
    const factor = growth ** Math.min(Math.max(0, this.#fruitless - mayBeFruitless), growsTimes);
    return this.random.pauseMs(meanPauseMs * factor, longestPauseMs * factor);
  }

  /** What has got through, of each face by itself: one may starve beside the other. */
  #through(): number[] {
    const { starts, execs, tasks, taskExecs } = this.figures;
    return [starts + execs, tasks + taskExecs];
  }
}
