import { type LookupAddress, lookup } from 'node:dns';
import { type LookupFunction, setDefaultAutoSelectFamilyAttemptTimeout } from 'node:net';
import PQueue from 'p-queue';

/** getaddrinfo(3) has a thread of the pool, which has four, for as long as a name server takes; files need the pool, too. */
const lookupsAtOnce = 2;
/** Names that are not answered in time, or were not the last time, wait for one another, and nobody for them. */
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
    const isSlow = slowNames.has(name);
    void (isSlow ? slow : usual).add(() => {
      slowNames.delete(name);
      const [answered, answer] = promiseAndResolve();
      const [moved, move] = promiseAndResolve();
      const timer = setTimeout(() => {
        slowNames.add(name);
        // Its place is somebody else's as soon as it has one among the slow ones.
        if (!isSlow) void slow.add(() => { move(); return answered; }, { priority: 1 });
      }, slowMs).unref();
      ask(hostname, options, (...found) => {
        clearTimeout(timer);
        callback(...found);
        answer();
      });
      return Promise.race([answered, moved]);
    });
  };
}

/** Long enough for a SYN that is sent once more, after a second; a health check has three. */
const addressMs = 1500;

/**
 * Has a name's second address be tried later than Node does by itself. It gives the first one up after 250 ms, for good: one that is far away, and also one that has answered while this
 * thread was busy (seen with Node 24). Of `localhost` the other address is then refused.
 */
export function waitForFirstAddress(): void {
  setDefaultAutoSelectFamilyAttemptTimeout(addressMs);
}

function promiseAndResolve(): readonly [Promise<void>, () => void] {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((resolved) => { resolve = resolved; });
  return [promise, resolve];
}
