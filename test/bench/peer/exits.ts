import type { Envelope } from '../../../src/api/gen/containerd/types/envelope';
import { TaskExit } from '../../../src/api/gen/containerd/events/task';
import { EventsService } from '../../../src/api/gen/containerd/services/events/v1/events';
import { NamespaceUpdate } from '../../../src/api/gen/containerd/events/namespace';
import { within } from '../../support/deadline';
import type { LeanConnection } from '../lean-connection';
import type { ApiSide } from './api-side';

const readyTopic = '/bench/ready';

/** A subscription to all events of a daemon that looks at exits alone. */
export class Exits {
  readonly #seen = new Set<string>();
  readonly #awaited = new Map<string, () => void>();

  private constructor(private readonly connection: LeanConnection) {}

  /** containerd answers a Subscribe with its first event: one is made until it comes, and each exit from then on is seen. */
  static async open(side: ApiSide): Promise<Exits> {
    const exits = new Exits(side.connect());
    let isOpen = false;
    const opened = new Promise<void>((resolve, reject) => {
      const take = (envelope: Envelope): void => {
        if (envelope.topic === readyTopic) {
          isOpen = true;
          resolve();
        } else if (envelope.topic === '/tasks/exit' && envelope.event !== undefined) exits.#exited(TaskExit.decode(envelope.event.value));
      };
      void exits.connection.stream(EventsService.subscribe, { filters: [] }, take, (error) => { reject(error ?? new Error('the event stream ended')); });
    });
    // Nobody waits for it any more once it is open.
    opened.catch(() => undefined);
    const value = NamespaceUpdate.encode(NamespaceUpdate.fromPartial({ name: 'bench' })).finish();
    while (!isOpen) {
      await side.ask(EventsService.publish, { topic: readyTopic, event: { type_url: 'containerd.events.NamespaceUpdate', value: Buffer.from(value) } });
      await Promise.race([opened, new Promise((resolve) => setTimeout(resolve, 20))]);
    }
    return exits;
  }

  /** The exit of a process, seen already or still to come. @param processId the container's own id for its first process */
  async of(id: string, processId = id): Promise<void> {
    const name = `${id}/${processId}`;
    if (this.#seen.delete(name)) return;
    await within(new Promise<void>((resolve) => this.#awaited.set(name, resolve)), `the exit of ${name}`);
  }

  close(): void {
    this.connection.close();
  }

  #exited({ container_id: container, id }: TaskExit): void {
    const name = `${container}/${id}`;
    const tell = this.#awaited.get(name);
    if (tell === undefined) this.#seen.add(name);
    else tell();
    this.#awaited.delete(name);
  }
}
