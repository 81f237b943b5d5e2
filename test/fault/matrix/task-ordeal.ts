import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { ServiceError } from '@grpc/grpc-js';

import { TaskDelete, TaskExit } from '../../../src/api/gen/containerd/events/task';
import { EventsService } from '../../../src/api/gen/containerd/services/events/v1/events';
import type { Envelope } from '../../../src/api/gen/containerd/types/envelope';
import type { Timestamp } from '../../../src/api/gen/google/protobuf/timestamp';
import type { DaemonProcess } from '../../support/daemon-process';
import { cgroupMounts } from '../../support/cgroups';
import { Recorder } from '../../support/recorder';
import { TaskHost } from '../../support/task-host';
import type { Ordeal } from './ordeal';

/** For a chain of daemons that die one after the other, on a machine that does much else. */
const longestMs = 60_000;

/** What a client asks for, and how it finds out whether that was done where no answer came. */
export interface Step<T> {
  readonly what: string;
  readonly ask: (tasks: TaskHost) => Promise<T>;
  readonly isDone: (tasks: TaskHost) => Promise<boolean>;
  /** `<code> <text>` of the answer to whoever asks again. */
  readonly again: string;
  /** What of it would be left of one that was not done. */
  readonly traces?: () => string[];
  /** What has to be done before it can be asked for again where it was refused. */
  readonly mend?: () => Promise<unknown>;
}

/** How a process ended, wherever that is said. */
export interface Ending {
  readonly exit_status: number;
  readonly exited_at?: Timestamp | undefined;
}

/**
 * Tasks of one namespace on a host whose daemon may die at any moment, and a subscriber as dockerd is one: after each
 * death it subscribes again, and asks for nothing that it missed.
 */
export class TaskOrdeal {
  readonly seen = new Recorder<Envelope>(describe);
  /** Where the calls were refused, for want of what the faults say. */
  readonly refusals: string[] = [];
  #served: { readonly daemon: DaemonProcess; readonly tasks: TaskHost; readonly isFollowed: Promise<unknown> } | undefined;

  constructor(readonly ordeal: Ordeal, readonly namespace = 'tests') {}

  /** An answer, through the deaths of daemons. @throws where it is refused */
  async ask<T>(ask: (tasks: TaskHost) => Promise<T>): Promise<T> {
    for (;;) {
      const outcome = await this.#call(ask);
      if (outcome.is === 'done') return outcome.value;
      if (outcome.is === 'refused') throw outcome.error;
    }
  }

  /** Asks until it is done, and then once more. @returns the answer; undefined where a death cut it off */
  async settle<T>(step: Step<T>): Promise<T | undefined> {
    for (const untilMs = performance.now() + longestMs; performance.now() < untilMs; ) {
      const outcome = await this.#call(step.ask);
      const isDone = await this.ask(step.isDone);
      if (outcome.is === 'refused') this.refusals.push(`${step.what}: ${outcome.error.details}`);
      if (outcome.is === 'refused' && isDone) throw new Error(`${step.what} was refused (${outcome.error.details}), and is done`);
      if (outcome.is === 'done' && !isDone) throw new Error(`${step.what} is answered, and not done`);
      if (isDone) {
        expect(`${step.what}: ${await this.refusal(step.ask)}`).toBe(`${step.what}: ${step.again}`);
        return outcome.is === 'done' ? outcome.value : undefined;
      }
      const left = step.traces?.() ?? [];
      if (left.length > 0) throw new Error(`${step.what} was not done (${outcome.is === 'refused' ? outcome.error.details : 'cut'}), and there are ${left.join(', ')}`);
      if (outcome.is === 'refused') await step.mend?.();
    }
    throw new Error(`${step.what} was not done in ${String(longestMs)} ms: ${this.refusals.join('; ')}`);
  }

  /** `<code> <text>` of a call that must be refused, through the deaths of daemons. */
  async refusal(ask: (tasks: TaskHost) => Promise<unknown>): Promise<string> {
    try {
      await this.ask(ask);
      return 'OK';
    } catch (error) {
      return `${String((error as ServiceError).code)} ${(error as ServiceError).details}`;
    }
  }

  /** All that there is of a task: nothing, once it is deleted or its creation undone. */
  traces(id: string): string[] {
    const { host } = this.ordeal;
    const companion = `${host.stateDir}.holdfast`;
    const places = ['namespaces', 'io.containerd.runtime.v2.task', 'runc'].map((kind) => join(companion, kind, this.namespace, id));
    const cgroups = cgroupMounts().map((mount) => join(mount, host.cgroup, this.cgroupOf(id)));
    const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n').filter((line) => line.includes(`${companion}/io.containerd.runtime.v2.task/${this.namespace}/${id}/`));
    return [...[...places, ...cgroups].filter((path) => existsSync(path)), ...mounts];
  }

  /** Below the host's own. */
  cgroupOf(id: string): string {
    return `${this.namespace}-${id}`;
  }

  /** The exits that the subscriber was sent of a process, each once: one may come again where a daemon died. @param execId empty for the task itself */
  exits(id: string, execId = ''): TaskExit[] {
    const ofTopic = this.#told('/tasks/exit').map(({ event }) => TaskExit.decode(event?.value ?? Buffer.alloc(0)));
    return ofTopic.filter((exit) => exit.container_id === id && exit.id === (execId || id));
  }

  deletions(id: string): TaskDelete[] {
    return this.#told('/tasks/delete').map(({ event }) => TaskDelete.decode(event?.value ?? Buffer.alloc(0))).filter((one) => one.container_id === id);
  }

  /** Everything is over: each process has one exit and the task one deletion, and they agree with what the calls have answered. */
  async checkEvents(id: string, endings: ReadonlyMap<string, Ending | undefined>, deletion: Ending | undefined): Promise<void> {
    await this.#untilSeen(() => this.deletions(id).length > 0, `the deletion of ${id}`);
    for (const [execId, ending] of endings) {
      const exits = this.exits(id, execId);
      expect({ id, execId, exits: exits.length }).toEqual({ id, execId, exits: ending === undefined ? 0 : 1 });
      if (ending !== undefined) expect(exits[0]).toMatchObject(endingOf(ending));
    }
    const deletions = this.deletions(id);
    expect(deletions).toHaveLength(1);
    if (deletion !== undefined) expect(deletions[0]).toMatchObject(endingOf(deletion));
    expect(this.traces(id)).toEqual([]);
  }

  /** Subscribes again after each death, and asks for nothing. */
  async #untilSeen(isSeen: () => boolean, what: string): Promise<void> {
    const seen = this.seen.until(isSeen, what, { deadlineMs: longestMs }).then(() => true);
    for (;;) {
      const { daemon } = this.ordeal.host;
      await this.ask(() => Promise.resolve());
      if (await Promise.race([seen, daemon.exited.then(() => false)])) return;
      await this.ordeal.revive(daemon);
    }
  }

  #told(topic: string): Envelope[] {
    const times = new Set<string>();
    return this.seen.items.filter((envelope) => {
      const time = `${String(envelope.timestamp?.seconds)} ${String(envelope.timestamp?.nanos)}`;
      if (envelope.topic !== topic || times.has(time)) return false;
      times.add(time);
      return true;
    });
  }

  #call<T>(ask: (tasks: TaskHost) => Promise<T>) {
    return this.ordeal.call(async () => {
      const { tasks, isFollowed } = this.#host();
      await isFollowed;
      return ask(tasks);
    });
  }

  /** A client of the daemon that serves now, which follows the events. */
  #host() {
    const { host } = this.ordeal;
    if (this.#served?.daemon !== host.daemon) {
      this.#served?.tasks.client.close();
      const tasks = new TaskHost(host, this.namespace);
      const filters = [`namespace==${this.namespace},topic~=|^/tasks/|`];
      const isFollowed = tasks.client.follow(EventsService.subscribe, { filters }, (envelope) => { this.seen.add(envelope); });
      isFollowed.catch(() => undefined);
      this.#served = { daemon: host.daemon, tasks, isFollowed };
    }
    return this.#served;
  }
}

/** Status and time alone. */
export function endingOf({ exit_status, exited_at }: Ending): Ending {
  return { exit_status, exited_at };
}

function describe({ topic, event }: Envelope): string {
  if (topic !== '/tasks/exit') return topic;
  const { container_id, id, exit_status } = TaskExit.decode(event?.value ?? Buffer.alloc(0));
  return `${topic} ${container_id} ${id} ${String(exit_status)}`;
}
