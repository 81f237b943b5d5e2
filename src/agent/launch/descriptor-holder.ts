import type { Said } from '../../runtime/notice';

/** Descriptors under a name. */
export interface DescriptorSet {
  readonly name: string;
  /** What whoever has them held says of them. */
  readonly note: string;
  readonly fds: readonly number[];
  /** What was heard at them while no daemon was there. Where they are given to be held: they are to be heard. */
  readonly said?: Said | undefined;
}

/** What holds descriptors beside this daemon: the shim. */
export interface DescriptorHolder {
  /** In the place of those of that name. */
  hold(set: DescriptorSet): Promise<void>;
  /** By the shim that there is now. */
  isHeld(name: string): Promise<boolean>;
  /** One that is not there is fine. */
  release(name: string): Promise<void>;
  /** Those of a daemon of before; the descriptors are the receiver's. */
  held(): Promise<readonly DescriptorSet[]>;
}
