import type { SupervisorSettings } from '../supervisor/context';
import type { EventPublisher } from '../supervisor/events/event-publisher';
import type { Supervisor } from '../supervisor/supervisor';
import type { ContainerdFace } from './containerd/face';
import type { HoldfastFace } from './holdfast/face';
import type { Logger } from '../runtime/logger';
import type { DescriptorRoom } from '../sys/descriptor-room';
import type { Poller } from '../sys/poller';

/** What the API is given by the daemon. */
export interface ApiOptions {
  readonly supervisor: Supervisor;
  readonly publisher: EventPublisher;
  readonly settings: SupervisorSettings;
  /** Absent: only the legacy API is served. */
  readonly containerd?: ContainerdFace;
  /** Absent: our own API is not served. */
  readonly holdfast?: HoldfastFace;
  readonly version: string;
  /** Somebody asks by our own API that another daemon take this one's place. Absent: nobody is heeded. */
  readonly onRestart?: () => void;
  readonly log: Logger;
  readonly descriptors: DescriptorRoom;
  readonly poller: Poller;
  /** In bytes; left out: what dockerd's client takes. */
  readonly messageLimits?: { readonly receive: number; readonly send: number } | undefined;
  /** Told how long each answered Stats took. */
  readonly onStats: (durationMs: number) => void;
}
