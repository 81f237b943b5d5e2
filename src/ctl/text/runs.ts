import type { Container } from '../../api/gen/holdfast/v1/containers';
import type { Event } from '../../api/gen/holdfast/v1/events';
import type { Timestamp } from '../../api/gen/google/protobuf/timestamp';
import { INIT } from '../names';

/** When the runs began that events tell the ends of. */
export class Runs {
  /** Nanoseconds since 1970, by namespace and container. */
  readonly #started = new Map<string, bigint>();

  /** @param containers what runs before the first event that is told */
  constructor(containers: readonly Container[] = []) {
    for (const { namespace, id, pid, started_at: at } of containers) if (pid !== 0 && at !== undefined) this.#started.set(`${namespace}/${id}`, nsOf(at));
  }

  /** Is to be given all events, in their order. @returns of the end of a run how long it was, nanoseconds; 0 where that is not known, and of all others */
  take({ type, namespace, container, process, time }: Event): bigint {
    const key = `${namespace}/${container}`;
    if (type === 'start-container' && time !== undefined) this.#started.set(key, nsOf(time));
    if (type !== 'exit' || process !== INIT || time === undefined) return 0n;
    const started = this.#started.get(key);
    this.#started.delete(key);
    const ranNs = started === undefined ? 0n : nsOf(time) - started;
    return ranNs > 0n ? ranNs : 0n;
  }
}

function nsOf({ seconds, nanos }: Timestamp): bigint {
  return seconds * 1_000_000_000n + BigInt(nanos);
}
