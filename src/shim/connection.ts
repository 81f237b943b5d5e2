import type { Socket } from 'node:net';
import { LineFramer } from '../runtime/line-framer';
import { decodeShimRequest, encodeShimMessage, type ShimAnswer, type ShimRequest } from '../runtime/shim-protocol';
import { dispatch } from './dispatch';
import { asShimError } from './errors';
import type { Shim } from './shim';

/** Far more than a request of several paths needs. */
const LONGEST_REQUEST_BYTES = 256 * 1024;

/**
 * Serves one daemon's connection: each line is a request, answered when it is done, so maybe out of order. What is not
 * understood is answered with an error; a line without end costs the connection. It ends when the daemon
 * ends it, and what it has asked for goes on.
 */
export function serveConnection(shim: Shim, socket: Socket): void {
  const framer = new LineFramer(LONGEST_REQUEST_BYTES);
  const send = (answer: ShimAnswer): void => {
    // A daemon that reads no answers may ask nothing more.
    if (socket.writable && !socket.write(encodeShimMessage(answer))) socket.pause();
  };
  socket.on('data', (chunk) => {
    try {
      for (const line of framer.push(chunk)) void answerLine(shim, line).then(send);
    } catch (error) {
      shim.log.error('a connection that does not follow the protocol', error);
      socket.destroy();
    }
  });
  socket.on('drain', () => socket.resume());
  socket.on('error', (error) => shim.log.info(`a connection broke: ${error.message}`));
}

async function answerLine(shim: Shim, line: string): Promise<ShimAnswer> {
  let request: ShimRequest;
  try {
    request = decodeShimRequest(line);
  } catch (error) {
    return refusal(seqOf(line), error);
  }
  try {
    return { seq: request.seq, ok: await dispatch(shim, request) };
  } catch (error) {
    return refusal(request.seq, error);
  }
}

function refusal(seq: number, error: unknown): ShimAnswer {
  const { code, message } = asShimError(error);
  return { seq, error: { code, message } };
}

/** For a line that is no request: its number if it has one, else 0. */
function seqOf(line: string): number {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== 'object' || value === null || !('seq' in value)) return 0;
    return Number.isSafeInteger(value.seq) && Number(value.seq) >= 0 ? Number(value.seq) : 0;
  } catch {
    return 0;
  }
}
