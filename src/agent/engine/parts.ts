import type { ProgramParts } from '../../programs/parts';
import type { NamedTexts } from '../../records/named-texts';
import type { ChildReaper } from '../../sys/process/children';
import type { Listeners } from '../events/listeners';
import type { News } from '../events/news';
import type { Checks } from '../health/checks';
import type { NotifySockets } from '../health/notify-sockets';
import type { Credentials } from '../launch/credentials';
import type { DaemonOutput } from '../launch/daemon-output';
import type { DescriptorHolder } from '../launch/descriptor-holder';
import type { ListenSockets } from '../launch/listen-sockets';
import type { Clocks } from '../machine/clocks';
import type { Peers } from './peers';

/** What is done for those that a definition names, once a program is given up. */
export interface FatalActions {
  readonly reaper: ChildReaper;
  /** Ends the daemon with a failure, and all that runs before. @param why for its log */
  readonly endAll: (why: string) => void;
}

/** What the engine works with. */
export interface EngineParts {
  readonly programs: ProgramParts;
  readonly states: Pick<NamedTexts, 'find'>;
  /** Writes them down, with what is told of that. */
  readonly news: News;
  readonly listeners: Listeners;
  /** All that are kept running. */
  readonly peers: Peers;
  readonly checks: Checks;
  readonly notify: NotifySockets;
  readonly credentials: Credentials;
  readonly listening: ListenSockets;
  readonly output: DaemonOutput;
  readonly holder: DescriptorHolder;
  readonly fatal: FatalActions;
  /** The daemon's, by which it is told from others of this host. */
  readonly stateDir: string;
  readonly now: () => Clocks;
  /** From 0 to 1. */
  readonly random: () => number;
}
