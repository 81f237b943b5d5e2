import { setTimeout as delay } from 'node:timers/promises';
import { type Container, State } from '../../api/gen/holdfast/v1/containers';
import type { DaemonClient } from '../daemon/daemon-client';
import { isCtlError } from '../errors';
import { millisecondsOf } from '../text/timestamp';

const lookMs = 50;
const mostLooks = 20;

/** Of a program whose run has just ended: `; starts again in 4 s` where it does after a pause, else nothing. */
export async function againWords(daemon: DaemonClient, name: string): Promise<string> {
  return wordsOf(await decided(daemon, name, mostLooks));
}

/** The same of one that has been looked at. */
export function wordsOf(container: Container | undefined): string {
  const at = container?.managed?.next_start;
  return container?.state !== State.BACKOFF || at === undefined ? '' : `; starts again in ${String(Math.max(0, Math.round((millisecondsOf(at) - Date.now()) / 1000)))} s`;
}

/**
 * A program whose run has just ended, once what keeps it running has decided what becomes of it: that hears of the end when we do, and takes a moment.
 * @param looks it is looked at so often, 50 ms apart @returns undefined where it is not there any more, or has not been decided about by then
 */
export async function decided(daemon: DaemonClient, name: string, looks: number): Promise<Container | undefined> {
  for (let look = 0; look < looks; look += 1) {
    const container = await find(daemon, name);
    if (container === 'nowhere') return undefined;
    if (container !== 'unreachable' && !isUndecided(container)) return container;
    await delay(lookMs);
  }
  return undefined;
}

function isUndecided({ managed, state, pid }: Container): boolean {
  return managed !== undefined && pid === 0 && (state === State.RUNNING || state === State.STARTING);
}

async function find(daemon: DaemonClient, name: string): Promise<Container | 'nowhere' | 'unreachable'> {
  try {
    return (await daemon.container(name)) ?? 'nowhere';
  } catch (error) {
    // The daemon has gone in this moment: the output goes on with the next one.
    if (isCtlError(error, 'unreachable')) return 'unreachable';
    throw error;
  }
}
