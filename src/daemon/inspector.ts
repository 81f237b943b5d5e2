import { isLoopback } from '../sys/sockets/internet-address';
import { messageOf } from '../sys/thrown';
import { DaemonError } from './errors';
import type { HostPort } from './setting-values';

export interface Inspector {
  /** For a debugger: `ws://…` */
  readonly url: string;
  /** Closes the connections of debuggers too. */
  close(): void;
}

/**
 * Opens Node's inspector for `--pprof-address`: CPU profiles, heap snapshots, a debugger. Its users
 * can run any code in the daemon, so it is for loopback only; and as every user of the machine
 * reaches that, only for as long as it is needed. The runtime itself says on stderr that it listens.
 *
 * @throws DaemonError `bad-value` (not loopback), `listen-failed` (address in use)
 */
export async function openInspector({ host, port }: HostPort): Promise<Inspector> {
  if (!isLoopback(host)) throw new DaemonError('bad-value', `pprof-address: ${host} is not a loopback address`);
  // Only now: the module costs nothing to those who do not use it.
  const inspector = await import('node:inspector');
  try {
    inspector.open(port, host, false);
  } catch (error) {
    throw new DaemonError('listen-failed', `pprof-address: ${messageOf(error)}`, { cause: error });
  }
  const url = inspector.url();
  // An address in use is not thrown but printed.
  if (url === undefined) throw new DaemonError('listen-failed', `pprof-address: cannot listen on ${host}:${port}`);
  return { url, close: () => inspector.close() };
}
