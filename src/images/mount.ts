/** How a snapshot is mounted, in mount(8)'s words. Nobody here mounts it: its client does. */
export interface Mount {
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
}
