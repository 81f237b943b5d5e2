import { appendFileSync, renameSync, statSync } from 'node:fs';
import { messageOf } from '../sys/thrown';

/** Where the shim says what nobody asked for. Never throws: a full disk must not end a process's end. */
export interface ShimLog {
  /** @param about the process concerned, `<container id>/<process id>`, where there is one */
  error(message: string, cause?: unknown, about?: string): void;
  info(message: string, about?: string): void;
}

/** In the state directory. */
export const LOG_NAME = 'holdfast-shim.log';

const LARGEST_BYTES = 1024 * 1024;

/**
 * Appends lines of text to a file of the state directory, `<time> <level> [<process>] <message>`; at 1 MiB
 * the file becomes `<name>.1` and a new one begins.
 */
export class LogFile implements ShimLog {
  constructor(
    private readonly path: string,
    private readonly largestBytes = LARGEST_BYTES,
  ) {}

  error(message: string, cause?: unknown, about?: string): void {
    this.write('error', cause === undefined ? message : `${message}: ${messageOf(cause)}`, about);
  }

  info(message: string, about?: string): void {
    this.write('info', message, about);
  }

  private write(level: string, message: string, about: string | undefined): void {
    const subject = about === undefined ? '' : `[${about}] `;
    const line = `${new Date().toISOString()} ${process.pid} ${level} ${subject}${message.replace(/\s*\n\s*/g, ' | ')}\n`;
    try {
      appendFileSync(this.path, line, { mode: 0o600 });
      // Several shims of one state directory append to the same file: its size is asked, not counted.
      if (statSync(this.path).size > this.largestBytes) renameSync(this.path, `${this.path}.1`);
    } catch {
      // There is no other place to say it.
    }
  }
}
