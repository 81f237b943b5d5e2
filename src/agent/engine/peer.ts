import type { Stored } from '../machine/state';
import type { ManagedDefinition } from './managed-definition';

/** A program as others see it that depend on it. */
export interface Peer {
  readonly definition: ManagedDefinition;
  readonly stored: Stored;
  /** What is stored is what there is: before that it is what a daemon of before has left. */
  readonly isKnown: boolean;
  /** What it depends on may be otherwise now. */
  heedOthers(): void;
}
