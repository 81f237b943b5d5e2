import { RecordingRuntime } from './recording-runtime';

/** criu's image, by the arguments of a checkpoint; the container ends with it where it is not to stay. */
const checkpoint = [
  'global=; while [ "$1" != checkpoint ]; do global="$global $1"; shift; done',
  'stays=; while [ $# -gt 1 ]; do case $1 in --image-path) image=$2;; --leave-running) stays=yes;; esac; shift; done',
  'mkdir -p "$image" && echo "image of $1" > "$image/core-1.img" && { [ -n "$stays" ] || exec runc $global kill "$1" KILL; }; exit',
].join('\n');

/** In place of criu's restore: a new container, by the arguments of a restore. @param seen where it writes what it has found */
const restoreAnew = (seen: string): string => [
  'global=; while [ "$1" != restore ]; do global="$global $1"; shift; done',
  'while [ $# -gt 1 ]; do case $1 in --bundle) bundle=$2;; --pid-file) pid=$2;; --image-path) image=$2;; esac; shift; done',
  `cat "$image/core-1.img" > '${seen}' || exit 1`,
  'runc $global create --bundle "$bundle" --pid-file "$pid" "$1" && exec runc $global start "$1"; exit',
].join('\n');

/** runc, but for checkpoints: criu runs on few kernels of tests. What it writes down is read, and what it ends, ends. */
export class CheckpointRuntime extends RecordingRuntime {
  /** What the last restore has found in the checkpoint, once there was one. */
  readonly seen: string;

  constructor(path: string, instead: Readonly<Record<string, string>> = {}) {
    super(path, { checkpoint, restore: restoreAnew(`${path}.seen`), ...instead });
    this.seen = `${path}.seen`;
  }
}
