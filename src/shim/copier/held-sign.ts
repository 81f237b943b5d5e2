import { clearHeld, markHeld } from '../../runtime/kept-output/holds';

/** Says to readers that a stream waits for them: they are told of the process's end before they have come to the end of what it wrote. */
export class HeldSign {
  /** Undefined: a copier before this one may have said it. */
  private isSaid: boolean | undefined;

  /** @param dir where readers are told of; undefined: there are none @param name of this process's stream alone, whoever copies it: the next run's writes to the same directory */
  constructor(private readonly dir: string | undefined, private readonly name: string) {}

  say(isHeld: boolean): void {
    if (this.isSaid === isHeld || this.dir === undefined) return;
    if (isHeld) markHeld(this.dir, this.name);
    else clearHeld(this.dir, this.name);
    this.isSaid = isHeld;
  }
}
