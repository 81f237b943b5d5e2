import type { ProcessEntry } from './container';

/**
 * A stdin that its client has closed is held here until the shim says that it has come to its end: if the shim dies before, another one passes the rest
 * on. To be called when it has been closed, and whenever a process that had a shim gets another, or this daemon is one that has found it. Never rejects.
 */
export async function letInputEnd({ handle, shim, takeover }: ProcessEntry): Promise<void> {
  if (handle?.holdsClosedInput !== true || shim === undefined || takeover === undefined) return;
  try {
    await shim.untilInputEnds(takeover);
  } catch {
    // The one that adopts the process is asked again.
    return;
  }
  handle.letGoOfInput();
}
