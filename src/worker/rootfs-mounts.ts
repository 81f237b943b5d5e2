/** One mount of a container's root file system, as its client describes it (mount(8): type, source, options). */
export interface RootfsMount {
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
}

/** Makes and undoes mounts where a file system that hangs costs one request, and nobody else anything. */
export interface RootfsMounts {
  /** Mounts all of `mounts` on `target`, or none. @throws what the system says, or the signal's reason */
  mount(mounts: readonly RootfsMount[], target: string, signal: AbortSignal): Promise<void>;
  /** Undoes every mount on `target`; none is fine. @throws what the system says */
  unmount(target: string): Promise<void>;
}
