import { dependsOn } from './dependencies';
import type { Peer } from './peer';

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
    // Most depend on nothing, and are asked at each change of one: nothing is made for these.
    for (const other of this.#all) if (other.definition.process.dependsOn.length > 0 && dependsOn(other.definition, peer.definition)) other.heedOthers();
  }
}
