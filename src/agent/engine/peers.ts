import type { Stored } from '../machine/state';
import { dependsOn } from './dependencies';
import type { ManagedDefinition } from './parts';

/** A program as others see it that depend on it. */
export interface Peer {
  readonly definition: ManagedDefinition;
  readonly stored: Stored;
  /** What is stored is what there is: before that it is what a daemon of before has left. */
  readonly isKnown: boolean;
  /** What it depends on may be otherwise now. */
  heedOthers(): void;
}

/** The programs that are kept running: who depends on another one finds it here, and is told of its changes. */
export class Peers {
  readonly #all = new Set<Peer>();

  get all(): Iterable<Peer> {
    return this.#all;
  }

  join(peer: Peer): void {
    this.#all.add(peer);
  }

  /** May be called twice. */
  leave(peer: Peer): void {
    if (this.#all.delete(peer)) this.changed(peer);
  }

  /** Something of it has changed: those that depend on it look again. */
  changed(peer: Peer): void {
    for (const other of this.#all) if (dependsOn(other.definition, peer.definition)) other.heedOthers();
  }
}
