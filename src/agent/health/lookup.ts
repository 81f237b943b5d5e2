import { type LookupAddress, lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import PQueue from 'p-queue';

/** getaddrinfo(3) has a thread of the pool, which has four, for as long as a name server takes; files need the pool, too. */
const lookupsAtOnce = 2;
/** Names that were not answered in time the last time wait for one another, and nobody for them. */
const slowLookupsAtOnce = 1;
const slowMs = 1000;
/** Whatever a name server says (RFC 6761, 6.3). */
const loopback: readonly LookupAddress[] = [{ address: '127.0.0.1', family: 4 }, { address: '::1', family: 6 }];

/**
 * Names to addresses, a bounded number at once: a name server that does not answer for one must not make those unhealthy that are looked at by another.
 * `localhost` waits for nobody: most programs are looked at by that name. @param ask Node's own
 */
export function queuedLookup(ask: LookupFunction = lookup as LookupFunction): LookupFunction {
  const usual = new PQueue({ concurrency: lookupsAtOnce });
  const slow = new PQueue({ concurrency: slowLookupsAtOnce });
  const slowNames = new Set<string>();
  return (hostname, options, callback) => {
    const name = hostname.toLowerCase();
    if (name === 'localhost') {
      const of = loopback.filter(({ family }) => (options.family !== 4 && options.family !== 6) || family === options.family);
      process.nextTick(() => {
        if (options.all === true) callback(null, [...of]);
        else callback(null, of[0]?.address ?? '', of[0]?.family);
      });
      return;
    }
    void (slowNames.has(name) ? slow : usual).add(() => new Promise<void>((resolve) => {
      slowNames.delete(name);
      const timer = setTimeout(() => { slowNames.add(name); }, slowMs).unref();
      ask(hostname, options, (...found) => {
        clearTimeout(timer);
        callback(...found);
        resolve();
      });
    }));
  };
}
