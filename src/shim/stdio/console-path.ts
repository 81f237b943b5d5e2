import { closeSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Poller } from '../../sys/poller';
import { ConsoleSocket } from '../../sys/sockets/sockets';
import { O_PATH } from '../../sys/files/cached-name';

// In the process's own directory, which goes with it, so that a killed shim leaves nothing for good.
const NAME = 'holdfast-pty.sock';

/** Where the runtime sends the terminal's master to: `--console-socket`. */
export class ConsolePath {
  private taken = false;

  private constructor(
    /** For the runtime: short however deep the process's directory is, as sun_path holds 107 bytes (unix(7)). */
    readonly path: string,
    private readonly socket: ConsoleSocket,
    private dirFd: number | undefined,
  ) {}

  /** @throws the system's error with the path */
  static open(poller: Poller, processDir: string): ConsolePath {
    rmSync(join(processDir, NAME), { force: true });
    const dirFd = openSync(processDir, O_PATH);
    try {
      const path = `/proc/${process.pid}/fd/${dirFd}/${NAME}`;
      return new ConsolePath(path, new ConsoleSocket(poller, path), dirFd);
    } catch (error) {
      closeSync(dirFd);
      throw error;
    }
  }

  /** Waits for the master, non-blocking, from then on the caller's. Rejects after close(). */
  takeTerminal(): Promise<number> {
    this.taken = true;
    return this.socket.terminalFd;
  }

  /** Closes the master too if it has come and was not taken. May be called twice. */
  close(): void {
    this.socket.close();
    if (!this.taken) void this.socket.terminalFd.then(closeSync, () => undefined);
    this.taken = true;
    if (this.dirFd !== undefined) closeSync(this.dirFd);
    this.dirFd = undefined;
  }
}
