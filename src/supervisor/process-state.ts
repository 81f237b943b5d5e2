/**
 * The states of a process, and the only function that moves from one to another.
 *
 *     registered ⇄ creating ─created→ created ─started→ running ⇄ paused
 *                      └────────────────┴──────ended──────┴────────┴──→ stopped
 *
 * The words are those of the OCI runtime specification; `paused` is runc's. `registered` is an exec'd process whose
 * name is taken and that has not been started; one whose start fails is that again.
 */
export type ProcessState = 'registered' | 'creating' | 'created' | 'running' | 'paused' | 'stopped';

export type ProcessChange = 'begun' | 'undone' | 'created' | 'started' | 'paused' | 'resumed' | 'ended';

const table: Readonly<Record<ProcessState, Readonly<Partial<Record<ProcessChange, ProcessState>>>>> = {
  registered: { begun: 'creating' },
  creating: { undone: 'registered', created: 'created', ended: 'stopped' },
  created: { started: 'running', ended: 'stopped' },
  running: { paused: 'paused', ended: 'stopped' },
  paused: { resumed: 'running', ended: 'stopped' },
  stopped: {},
};

/** A change that the table has no entry for: a defect of ours, never a client's doing. */
export class IllegalChange extends Error {
  constructor(
    readonly state: ProcessState,
    readonly change: ProcessChange,
  ) {
    super(`a process that is ${state} cannot be ${change}`);
    this.name = 'IllegalChange';
  }
}

/** The state after `change`. Throws {@link IllegalChange}. */
export function transition(state: ProcessState, change: ProcessChange): ProcessState {
  const next = table[state][change];
  if (next === undefined) throw new IllegalChange(state, change);
  return next;
}

/** Whether `change` is possible now. */
export function canBe(state: ProcessState, change: ProcessChange): boolean {
  return table[state][change] !== undefined;
}

/** Whether a process in this state has a system pid that can be signalled. */
export function isAlive(state: ProcessState): boolean {
  return state === 'created' || state === 'running' || state === 'paused';
}
