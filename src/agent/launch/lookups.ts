import type { Definition } from '../../records/definition';
import type { PullPolicy } from '../definitions/definition';
import type { ReadText } from './host-facts';

/** What is to be other than an image says. */
export interface ImageWishes {
  /** An OCI spec without what the image says. */
  readonly spec: Readonly<Record<string, unknown>>;
  /** `user[:group]`; empty: the image's. */
  readonly user: string;
  /** Instead of the image's, which its command goes with; empty: the image's. */
  readonly entrypoint: string;
}

/** What is to be run of an image, which is fetched first where that is asked for. */
export type RunOfImage = (image: string, wishes: ImageWishes, pull: PullPolicy, cancel: AbortSignal) => Promise<Required<Pick<Definition, 'containerSpec' | 'image'>>>;

/** What a start looks up beside its definition; given, as it may hang, or be of a room above. */
export interface Lookups {
  readonly read: ReadText;
  /** @throws an Error that says what is wrong with it, or that it is not there */
  readonly runOf: RunOfImage;
}
