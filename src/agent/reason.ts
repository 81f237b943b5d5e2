import type { Condition } from './definitions/definition';
import type { Wait } from './engine/dependencies';
import { type Clocks, msUntil } from './machine/clocks';
import type { Health, Stored, StoredIn } from './machine/state';

/** What a program waits for, or why it is in its state; empty where there is nothing to say. @param waits for what it depends on */
export function reasonOf(stored: Stored, now: Clocks, waits: readonly Wait[]): string {
  switch (stored.state) {
    case 'BACKOFF':
      return `${stored.reason}, next start in ${clockText(msUntil(stored.deadline, now))}`;
    case 'FATAL':
    case 'UNKNOWN':
      return stored.reason;
    case 'STARTING':
      return startingText(stored, waits);
    case 'RUNNING':
      return stored.health === undefined || stored.health.failures === 0 ? '' : failureText(stored.health);
    case 'STOPPED':
    case 'EXITED':
      return stored.due === undefined || stored.wanted === 'down' ? '' : `next run in ${clockText(Math.max(0, stored.due.wallMs - now.wallMs))}`;
    case 'STOPPING':
      return '';
  }
}

function startingText(stored: StoredIn<'STARTING'>, waits: readonly Wait[]): string {
  switch (stored.phase) {
    case 'dependency':
      return `waiting for ${waits.map(waitText).join(', ')}`;
    case 'readiness':
      return stored.health === undefined || stored.health.failures === 0 ? 'waiting until it is ready' : failureText(stored.health);
    case 'start':
    case 'probation':
      return '';
  }
}

function failureText({ verdict, failures, detail }: Health): string {
  return verdict === 'unhealthy' ? `unhealthy: ${detail}` : `${String(failures)} failed ${failures === 1 ? 'check' : 'checks'}: ${detail}`;
}

const conditionTexts: Readonly<Record<Condition, string>> = {
  started: 'to be started', running: 'to be RUNNING', healthy: 'to be healthy', completed: 'to be completed', exited: 'to exit',
};

/** Such as `db to be healthy`; how it is, is told beside it (`ManagedView.dependencies`). */
function waitText({ name, condition, stored }: Wait): string {
  return `${name} ${conditionTexts[condition]}${stored === undefined ? ' (there is no such program)' : ''}`;
}

/** As supervisorctl prints an uptime: hours, minutes and seconds; what has begun of a second counts. */
function clockText(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${String(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}
