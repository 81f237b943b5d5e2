import type { Descriptor } from '../descriptor';

/** An image as people see it. */
export interface ImageInfo {
  /** In full. */
  readonly name: string;
  readonly digest: string;
  /** Bytes of its blobs for this machine; 0 where they are not all there. */
  readonly size: number;
  readonly createdNs: bigint;
  readonly updatedNs: bigint;
}

/** A container of an image. */
export interface ResolvedRun {
  /** In full. */
  readonly name: string;
  /** Empty: the image has no layers. */
  readonly chain: string;
  /** The whole OCI spec, as JSON; its root is mounted at `rootfs`. */
  readonly spec: string;
  readonly stopSignal: number;
}

/** A layer is unpacked next: the how-many-th, of how many. */
export type OnLayer = (name: string, layer: number, layers: number) => void;

/** How far a pull is. */
export interface PullWatcher {
  /** So much of a layer is here by now. @param layer from 1 on, of how many */
  fetched(layer: number, layers: number, descriptor: Descriptor, bytes: number): void;
  /** This layer is unpacked next. */
  unpacking(layer: number, layers: number): void;
}

export interface PulledImage extends ImageInfo {
  /** The name stands for what it has stood for before. */
  readonly isSame: boolean;
}

/** How far a push is: so much of a layer is there by now. @param layer from 1 on, of how many */
export type OnSent = (layer: number, layers: number, descriptor: Descriptor, bytes: number) => void;

export interface PushedImage {
  /** Where it is now, in full. */
  readonly name: string;
  readonly digest: string;
  /** The name has stood for the same there before. */
  readonly isSame: boolean;
  /** The image names others for other machines, which are not here: this one was sent alone. */
  readonly isPart: boolean;
}
