/**
 * What the supervisor answers a request with when it cannot do it. The texts are
 * those of the contract: clients match them as substrings (docs/api.md).
 */
export type SupervisorErrorCode =
  | 'container-not-found'
  | 'process-not-found'
  | 'no-such-containers'
  | 'container-exists'
  | 'process-exists'
  | 'unknown-status'
  | 'not-started'
  | 'cancelled'
  | 'wrong-state'
  | 'busy'
  | 'log-unavailable'
  | 'shutting-down'
  | 'fell-behind';

const texts: Readonly<Record<SupervisorErrorCode, string>> = {
  'container-not-found': 'containerd: container not found',
  'process-not-found': 'containerd: process not found for container',
  'no-such-containers': 'no such containers',
  'container-exists': 'containerd: container already exists',
  'process-exists': 'containerd: process already exists for container',
  'unknown-status': 'containerd: unknown container status ',
  'not-started': 'containerd: container not started',
  cancelled: 'the request was cancelled by its client, and what it had begun undone',
  'wrong-state': 'the container is not in a state for this',
  busy: 'too many requests are waiting',
  'log-unavailable': 'the event log cannot be written',
  'shutting-down': 'the daemon is shutting down',
  'fell-behind': 'the subscriber fell behind the events that are retained, and would miss some',
};

/** The ids that an error concerns. */
export interface Concerned {
  readonly id?: string;
  readonly processId?: string;
}

/** The one error class of this room; `code` is stable, the message is what a client reads. */
export class SupervisorError extends Error {
  readonly id: string | undefined;
  readonly processId: string | undefined;

  constructor(
    readonly code: SupervisorErrorCode,
    concerned: Concerned = {},
    options: { readonly detail?: string; readonly cause?: unknown } = {},
  ) {
    super(options.detail ?? texts[code], { cause: options.cause });
    this.name = 'SupervisorError';
    this.id = concerned.id;
    this.processId = concerned.processId;
  }
}

/** The text of `code` in the contract's words. */
export function textOf(code: SupervisorErrorCode): string {
  return texts[code];
}
