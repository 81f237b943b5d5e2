import { InvalidArgumentError } from 'commander';
import type { DaemonClient } from '../daemon/daemon-client';
import { PULL_POLICIES, type PullPolicy } from '../definition/run-options';
import type { Tool } from '../tool';

/** The value of --pull. */
export function pullPolicy(value: string): PullPolicy {
  const found = PULL_POLICIES.find((policy) => policy === value);
  if (found === undefined) throw new InvalidArgumentError(`It is one of ${PULL_POLICIES.join(', ')}.`);
  return found;
}

/** Has an image fetched where that is wanted, without a word on stdout: that is the program's. @throws CtlError */
export async function pullForRun(tool: Tool, daemon: DaemonClient, image: string, when: PullPolicy = 'missing'): Promise<void> {
  if (when === 'never') return;
  if (when === 'missing' && (await daemon.images.isThere(image))) return;
  const { pullImage } = await import('./transfer');
  await pullImage(tool, image);
}
