import { type LookupAddress, lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import PQueue from 'p-queue';

/** getaddrinfo(3) has a thread of the pool for as long as a name server takes: others need the pool. */
const lookupsAtOnce = 1;
/** Whatever a name server says (RFC 6761, 6.3). */
const loopback: readonly LookupAddress[] = [{ address: '127.0.0.1', family: 4 }, { address: '::1', family: 6 }];

/**
 * Names to addresses, one after the other. `localhost` waits for nobody: most programs are looked at by that name, and a name server that does not answer for one must not make the
 * others unhealthy. @param ask Node's own
 */
export function queuedLookup(ask: LookupFunction = lookup as LookupFunction): LookupFunction {
  const queue = new PQueue({ concurrency: lookupsAtOnce });
  return (hostname, options, callback) => {
    if (hostname.toLowerCase() === 'localhost') {
      const of = loopback.filter(({ family }) => (options.family !== 4 && options.family !== 6) || family === options.family);
      process.nextTick(() => {
        if (options.all === true) callback(null, [...of]);
        else callback(null, of[0]?.address ?? '', of[0]?.family);
      });
      return;
    }
    void queue.add(() => new Promise<void>((resolve) => {
      ask(hostname, options, (...found) => {
        callback(...found);
        resolve();
      });
    }));
  };
}
