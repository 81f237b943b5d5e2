import type { Socket } from 'node:net';
import { goaway } from './frames';
import type { WireError } from './wire-error';

/** How long a client may take to read why its connection ends before it is cut off. */
const FAREWELL_TIMEOUT_MS = 1_000;

/**
 * Ends a connection with a GOAWAY and closes the socket, which it owns, within a second. What the client still
 * sends is thrown away: closing with unread bytes would make the kernel report an error instead of the frame.
 *
 * @param before what is sent ahead of the GOAWAY
 */
export function sayGoaway(socket: Socket, error: WireError, lastStreamId: number, before: readonly Buffer[]): void {
  const deadline = setTimeout(() => socket.destroy(), FAREWELL_TIMEOUT_MS);
  socket.on('error', () => {});
  socket.on('close', () => clearTimeout(deadline));
  socket.end(Buffer.concat([...before, goaway(lastStreamId, error.http2Code, error.message)]));
  socket.resume();
}
