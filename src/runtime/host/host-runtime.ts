import { deleteProgram, killAll, pauseProgram, resumeProgram, updateProgram } from './verbs';
import { startProgram } from './start';
import { hostError } from './host-error';

/** Does what a runtime's command line would for a container that is there. */
export interface HostCall {
  /** The directory of the container's init process. */
  readonly initDir: string;
  /** What an OCI runtime would be called with, without flags before the verb. */
  readonly args: readonly string[];
  /** What it would read on its standard input. */
  readonly input?: string | undefined;
}

/**
 * The verbs of a runtime's command line that daemon and shim use, for host programs. Whatever was done before is done.
 * @throws RuntimeError `host-program`; `… does not exist` where nothing was made, or it was deleted before
 */
export async function callHostRuntime({ initDir, args, input }: HostCall): Promise<void> {
  const [verb] = args;
  switch (verb) {
    case 'start': startProgram(initDir); return;
    case 'pause': await pauseProgram(initDir); return;
    case 'resume': resumeProgram(initDir); return;
    case 'update': await updateProgram(initDir, input ?? ''); return;
    case 'kill': await killAll(initDir, Number(args.at(-1))); return;
    case 'delete': await deleteProgram(initDir); return;
    case undefined:
    default: throw hostError(`a host program knows no ${verb ?? 'verb'}`);
  }
}
