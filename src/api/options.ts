import type { SupervisorSettings } from '../supervisor/context';
import type { EventPublisher } from '../supervisor/event-publisher';
import type { Supervisor } from '../supervisor/supervisor';
import type { Logger } from '../runtime/logger';
import type { DescriptorRoom } from '../sys/descriptor-room';

/** What the API is given by the daemon. */
export interface ApiOptions {
  readonly supervisor: Supervisor;
  readonly publisher: EventPublisher;
  readonly settings: SupervisorSettings;
  readonly version: string;
  readonly log: Logger;
  readonly descriptors: DescriptorRoom;
  /** Told how long each answered Stats took. */
  readonly onStats: (durationMs: number) => void;
}
