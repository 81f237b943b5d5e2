import { CtlError } from '../errors';
import { exitStatus } from '../exit-status';
import type { Tool } from '../tool';
import type { LegacyClient } from './client';

/** Does `work` with the daemon's containerd 0.2 API, which is loaded only now. */
export async function withLegacy<T>(tool: Tool, work: (api: LegacyClient) => Promise<T>): Promise<T> {
  const { LegacyClient: Client } = await import('./client');
  const api = new Client(tool.address());
  try {
    return await work(api);
  } finally {
    api.close();
  }
}

/** An argument that has to be there. @throws CtlError in the words of ctr: status 1 */
export function wanted(value: string | undefined, what: string): string {
  if (value === undefined || value === '') throw new CtlError('invalid-argument', `${what} cannot be empty`, { exitStatus: exitStatus.failed });
  return value;
}
