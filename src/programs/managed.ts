import type { Requester } from '../records/definition-record';
import type { StartResult } from './start-result';

/** All of supervisord's. */
export type ManagedState = 'STOPPED' | 'STARTING' | 'RUNNING' | 'BACKOFF' | 'STOPPING' | 'EXITED' | 'FATAL' | 'UNKNOWN';

/** A program that is kept running, as clients see it. */
export interface ManagedView {
  readonly state: ManagedState;
  /** What it waits for, or why it is in this state; empty where there is nothing to say. */
  readonly reason: string;
  /** `file:line` of the definition in use, or the command that it is from. */
  readonly definedIn: string;
  /** No file defines it: it can be forgotten. */
  readonly isOfCommandLine: boolean;
  /** When it is started again, nanoseconds since 1970; undefined: nothing is due. */
  readonly nextStartNs: bigint | undefined;
  /** Unexpected ends that count. */
  readonly failures: number;
  /** By its checks; undefined where it has none, or is not up. */
  readonly health: 'starting' | 'healthy' | 'unhealthy' | undefined;
  /** It is started without being asked for. */
  readonly autostart: boolean;
  /** While it is BACKOFF: between its end and its next start. */
  readonly pauseMs: number | undefined;
  /** The longest that there may be. */
  readonly longestPauseMs: number;
  readonly dependencies: readonly DependencyView[];
}

/** One that a program depends on. */
export interface DependencyView {
  readonly name: string;
  readonly condition: 'started' | 'running' | 'healthy' | 'completed' | 'exited';
  readonly isMet: boolean;
  /** How it is, in a word: by its checks where they count, or its state. */
  readonly state: string;
}

/** A client goes away: nobody waits for the outcome any more, and what was asked for is done all the same. */
export interface ManagedOrder {
  readonly name: string;
  readonly by: Requester | undefined;
  readonly cancel: AbortSignal | undefined;
}

export interface ManagedStart extends ManagedOrder {
  /** Its start was asked for together with its stop. */
  readonly isRestart: boolean;
  /** How long it is waited for; undefined: until it is RUNNING, or has failed. */
  readonly waitMs?: number | undefined;
}

/** Whoever keeps programs running that are defined in files. What is asked of those is asked of it. */
export interface ManagedPrograms {
  names(): readonly string[];
  /** Undefined for a name that no file defines. */
  find(name: string): ManagedView | undefined;
  /** What it waits for, itself or by way of others, and is down. */
  downDependenciesOf(name: string): readonly string[];
  /** Answers when it is RUNNING, or has failed once. */
  start(order: ManagedStart): Promise<StartResult>;
  /** @param again it is started once it is over, and that is one intention */
  /**
   * Has it read its configuration again, as its definition says; answers once that is sent, or its command has ended well.
   * @throws ProgramError `no-such-process`, `not-running`, `no-reload`, `failed`
   */
  reload(order: ManagedOrder): Promise<void>;
  stop(order: ManagedOrder, again: boolean, onWaiting: (deadlineNs: bigint) => void): Promise<'stopped' | 'not-running'>;
}
