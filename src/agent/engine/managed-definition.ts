import type { Definition } from '../../records/definition';
import type { ProcessDefinition } from '../definitions/definition';
import type { LinePaths } from '../events/listener-fifos';
import type { PlannedSocket } from '../launch/listen-sockets';
import type { Policy } from '../machine/policy';

/** What a start is given beside the definition. */
export interface Launch {
  readonly generation: number;
  /** For who reports by sd_notify(3). */
  readonly notifySocket: string | undefined;
  /** For secrets that are files. */
  readonly credentialsDirectory: string | undefined;
  /** Of a container, below the root of each hierarchy. */
  readonly cgroupsPath: string;
  /** For an event listener's stdin and stdout. */
  readonly line: LinePaths | undefined;
  /** The start is called off. */
  readonly cancel: AbortSignal;
}

/** One process of a program, as the engine is given it. */
export interface ManagedDefinition {
  /** Its full name, which is its container's id, too. */
  readonly name: string;
  /** As its file has it. */
  readonly process: ProcessDefinition;
  readonly policy: Policy;
  /** What is to be run, made anew for each start: files that it names may have changed. @throws an Error that says what is wrong with it */
  readonly compile: (launch: Launch) => Promise<Definition>;
  /** The sockets that it is to have, with whose they are now. @throws LaunchError */
  readonly sockets: () => Promise<readonly PlannedSocket[]>;
}
