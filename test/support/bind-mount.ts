import { execFileSync } from 'node:child_process';

/** Mounts a directory or file onto another. The result takes the mount away again, and may be called twice. */
export function bindMount(source: string, target: string): () => void {
  execFileSync('mount', ['--bind', source, target]);
  let isMounted = true;
  return () => {
    if (isMounted) execFileSync('umount', [target]);
    isMounted = false;
  };
}
