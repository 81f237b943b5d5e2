import { setMaxListeners } from 'node:events';
import type { Context } from './context';
import type { Channel } from './channel';
import { SupervisorError } from './errors';
import { handlers } from './handlers';
import type { Kind, Outcome, Reply, RequestKind, Task, TaskAnswers, TaskArgs } from './task';

/** After this long the loop lets sockets and timers have their turn: a task takes microseconds, or files' time. */
const turnMs = 5;

/** Of tasks that nobody calls off. */
const never = neverAborted();

/**
 * The loop: takes one task after the other from the channel and gives it to its
 * handler, which decides, changes state, hands work out and returns. Nothing else
 * changes the supervisor's state, and no handler waits for anything.
 */
export class Supervisor {
  #running: Promise<void> | undefined;
  #refusing = false;

  constructor(
    private readonly channel: Channel<Task>,
    private readonly context: Context,
  ) {}

  /** Begins to take tasks. */
  run(): void {
    this.#running ??= this.#loop();
  }

  /**
   * Queues a client's request and waits for its answer.
   * Rejects with `busy` when the channel is full, and with what the handler or the work says.
   */
  request<K extends RequestKind>(kind: K, args: TaskArgs[K], cancel: AbortSignal = never): Promise<TaskAnswers[K]> {
    if (this.#refusing) return Promise.reject(new SupervisorError('shutting-down'));
    return new Promise((resolve, reject) => {
      const task = makeTask(kind, args, { resolve, reject }, cancel);
      if (!this.channel.offer(task)) reject(new SupervisorError('busy'));
    });
  }

  /** From here on each request is answered with `shutting-down`. */
  refuseRequests(): void {
    this.#refusing = true;
  }

  /** Resolves when what is under way has ended; the loop ends then. */
  async stop(): Promise<void> {
    await this.context.starts.idle();
    await this.context.lanes.idle();
    await this.context.ends.onIdle();
    this.channel.close();
    await this.#running;
  }

  async #loop(): Promise<void> {
    let turnEndsMs = performance.now() + turnMs;
    for await (const task of this.channel) {
      this.#handle(task);
      this.context.timings.count('events');
      if (performance.now() < turnEndsMs) continue;
      await new Promise(setImmediate);
      turnEndsMs = performance.now() + turnMs;
    }
  }

  /** What a handler throws is its refusal: the loop goes on whatever happens. */
  #handle(task: Task): void {
    try {
      settle(task, dispatch(task, this.context));
    } catch (error) {
      if (!(error instanceof SupervisorError)) this.context.log.error({ task: task.kind, err: error }, 'a task failed');
      task.reply.reject(error as Error);
    }
  }
}

/** A task of this kind, its parts put together. */
export function makeTask<K extends Kind>(
  kind: K,
  args: TaskArgs[K],
  reply: Reply<TaskAnswers[K]>,
  cancel: AbortSignal = never,
): Task {
  // One kind with its own arguments and reply: what the union says, for a K that is not known here.
  return { kind, ...args, reply, cancel } as unknown as Task;
}

function dispatch(task: Task, context: Context): Outcome<Kind> {
  const handler = handlers[task.kind] as (task: Task, context: Context) => Outcome<Kind>;
  return handler(task, context);
}

function settle(task: Task, outcome: Outcome<Kind>): void {
  switch (outcome.is) {
    case 'answer':
      (task.reply.resolve as (value: unknown) => void)(outcome.value);
      return;
    case 'refusal':
      task.reply.reject(outcome.error);
      return;
    case 'later':
      return;
  }
}

/** Whoever waits for an end listens for as long as that lasts, and there are as many as processes that run. */
function neverAborted(): AbortSignal {
  const { signal } = new AbortController();
  setMaxListeners(0, signal);
  return signal;
}
