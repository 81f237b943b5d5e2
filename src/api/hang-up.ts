import type { Socket } from 'node:net';
import type { Poller } from '../sys/poller';
import { socketFd } from '../sys/sockets/sockets';

/** How long the server may take to let go of a socket whose client has gone; it takes milliseconds where it learns of it. */
const GRACE_MS = 1_000;

/**
 * Closes a socket whose client has gone and that the server holds on to.
 *
 * For some malformed frames (DATA on an idle stream, a PING of the wrong length) nghttp2 ends the session without a word to Node. It
 * wants to read nothing more then, so Node stops reading (node_http2.cc, OnStreamAfterWrite), never sees the end of what the client
 * sends, and keeps socket, session and streams for ever. So it is with a stream in front of the socket whose reader has stopped. The
 * kernel tells of the hang-up whether anybody reads or not.
 */
export function closeOnceHungUp(socket: Socket, poller: Poller): void {
  const fd = socketFd(socket);
  if (fd === undefined) return;
  let deadline: NodeJS.Timeout | undefined;
  const watch = poller.watch(fd, { peerEnd: true }, () => {
    // It lasts, and would be reported in each turn of the loop.
    watch.close();
    deadline = setTimeout(() => {
      // What is readable is read before that, also where the loop was held up until now.
      setImmediate(() => { socket.destroy(); });
    }, GRACE_MS);
  });
  socket.once('close', () => {
    watch.close();
    clearTimeout(deadline);
  });
}
