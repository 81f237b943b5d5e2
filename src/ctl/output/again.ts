import { setTimeout as delay } from 'node:timers/promises';
import { type Container, State } from '../../api/gen/holdfast/v1/containers';
import type { DaemonClient } from '../daemon/daemon-client';
import { isCtlError } from '../errors';
import { millisecondsOf } from '../text/timestamp';

const lookMs = 50;
const mostLooks = 20;

/** Of a program whose run has just ended: `; starts again in 4 s` where it does after a pause, else nothing. */
export async function againWords(daemon: DaemonClient, name: string): Promise<string> {
  // What keeps it running hears of the end when we do: it takes a moment until it has decided.
  for (let looks = 0; looks < mostLooks; looks += 1) {
    const container = await find(daemon, name);
    if (container?.managed === undefined) return '';
    const { state, pid, managed: { next_start: at } } = container;
    if (state === State.BACKOFF && at !== undefined) return `; starts again in ${String(Math.max(0, Math.round((millisecondsOf(at) - Date.now()) / 1000)))} s`;
    if (pid !== 0 || (state !== State.RUNNING && state !== State.STARTING)) return '';
    await delay(lookMs);
  }
  return '';
}

async function find(daemon: DaemonClient, name: string): Promise<Container | undefined> {
  try {
    return await daemon.container(name);
  } catch (error) {
    // It has gone in this moment: the output goes on with the next one.
    if (isCtlError(error, 'unreachable')) return undefined;
    throw error;
  }
}
