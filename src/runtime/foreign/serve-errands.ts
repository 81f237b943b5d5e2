import { closeSync } from 'node:fs';
import { type Message, MOST_MESSAGE_BYTES, receiveMessage, sendMessage } from '../../sys/sockets/messages';
import { dieWithParent } from '../../sys/process/process';
import { errorCodeOf, messageOf } from '../../sys/thrown';
import { RuntimeError } from '../errors';
import type { Asks, Brought, Errand, ErrandAnswer, ErrandError, ErrandRequest } from './errands';
import { inMemory, work } from './work';

/** The hand's end of the socket is its standard input. */
const SOCKET_FD = 0;

/**
 * A hand: does one errand after the other, each to its end, until the program that it belongs to closes the socket or ends.
 * Everything here may wait for ever, and so nothing else is done in this process.
 */
export function serveErrands(): void {
  dieWithParent();
  for (;;) {
    const message = receiveMessage(SOCKET_FD, { wait: true });
    if (message === 'end') return;
    if (message === 'again') continue;
    const answer = answerTo(message.text);
    sendMessage(SOCKET_FD, answer, { wait: true });
    for (const fd of answer.fds) closeSync(fd);
  }
}

function answerTo(text: string): Message {
  try {
    const { value, fds } = run(JSON.parse(text) as ErrandRequest);
    return sized({ ok: value }, fds);
  } catch (error) {
    return sized({ error: described(error) }, []);
  }
}

function run({ errand, asks }: ErrandRequest): Brought<Errand> {
  // One errand with what it asks: what the union says, for one that is not known here.
  return (work[errand] as (asks: Asks<Errand>) => Brought<Errand>)(asks);
}

function sized(answer: ErrandAnswer, fds: readonly number[]): Message {
  const text = JSON.stringify(answer);
  if (Buffer.byteLength(text) <= MOST_MESSAGE_BYTES) return { text, fds };
  return { text: JSON.stringify({ inFile: true } satisfies ErrandAnswer), fds: [inMemory('answer', Buffer.from(text))] };
}

function described(error: unknown): ErrandError {
  const system = errorCodeOf(error) === undefined && error instanceof Error ? error.cause : error;
  const code = errorCodeOf(system);
  const errno: unknown = typeof system === 'object' && system !== null && 'errno' in system ? system.errno : undefined;
  return {
    message: messageOf(error),
    ...(error instanceof RuntimeError ? { runtimeCode: error.code } : {}),
    ...(code === undefined || error instanceof RuntimeError ? {} : { code }),
    ...(typeof errno === 'number' ? { errno } : {}),
  };
}
