import { ociSpec } from '../support/bundle';
import type { LegacyClient } from './client';
import type { ClientProcess } from './container';

/** The configuration of a container run by hand. */
export function specOf(args: readonly string[], terminal: boolean, rootfs: string | undefined) {
  return ociSpec({ args, terminal, ...(rootfs === undefined ? {} : { rootfs }) });
}

/**
 * Joins this program's stdio to a process until its end, and passes the terminal's size on.
 *
 * @returns its exit status
 */
export async function attach(client: LegacyClient, id: string, end: ClientProcess, withStdin: boolean): Promise<number> {
  process.stdout.write(end.stdout.text());
  end.stdout.passOnTo(process.stdout);
  if (!end.terminal) {
    process.stderr.write(end.stderr.text());
    end.stderr.passOnTo(process.stderr);
  }
  const resize = (): void => {
    // One that comes before the terminal is there is an everyday race.
    client.resize(id, process.stdout.columns, process.stdout.rows, end.name).catch(() => undefined);
  };
  if (end.terminal && process.stdout.isTTY) {
    resize();
    process.stdout.on('resize', resize);
  }
  if (withStdin) {
    if (end.terminal && process.stdin.isTTY) process.stdin.setRawMode(true);
    process.stdin.on('data', (chunk: Buffer) => {
      end.stdin.write(chunk).catch(() => undefined);
    });
    process.stdin.once('end', () => {
      client.closeStdin(id, end.name).catch(() => undefined);
    });
  }
  const status = await end.exited;
  await end.stdout.untilEnd();
  if (!end.terminal) await end.stderr.untilEnd();
  if (withStdin && end.terminal && process.stdin.isTTY) process.stdin.setRawMode(false);
  return status;
}
