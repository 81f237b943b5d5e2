import { execFileSync } from 'node:child_process';

/** Whether the criu on PATH, if there is one, knows this kernel. */
export function worksHere(): boolean {
  try {
    execFileSync('criu', ['check'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
