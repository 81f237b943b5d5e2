import { closeSync, constants, openSync, rmSync } from 'node:fs';

import { ClientStdio } from '../../support/client-stdio';
import type { SoakHost } from './soak-host';
import { SoakProcess } from './soak-process';
import type { Random } from './soak-random';
import { type Ending, type TaskOrdeal, endingOf } from '../matrix/task-ordeal';
import { createTask, deleteExec, deleteRecord, deleteTask, makeRecord, register, startProcess, wait } from '../matrix/task-scenarios';

const SIGKILL = 9;
const SIGTERM = 15;
const killed = 137;
const unknown = 255;

/** A task of the containerd API from its record to the end of that, with execs, each step asked for until it is done, and once more. */
export async function oneTask(soak: SoakHost, tasks: TaskOrdeal, id: string, random: Random): Promise<void> {
  const isKilled = random.isLikely(0.4);
  const status = random.below(90);
  const task = new Listening(soak, tasks, id, '', isKilled ? killed : status, status);
  await makeRecord(tasks, id, task.args);
  await createTask(tasks, id, task.stdio.paths);
  await task.start();
  soak.figures.tasks += 1;
  const endings = new Map<string, Ending>();
  const late: Listening[] = [];
  for (let count = 0; random.isLikely(0.5); count += 1) {
    const exec = await startExec(soak, tasks, id, `exec${String(count)}`, random);
    if (exec.staysUntilTheEnd) late.push(exec);
    else endings.set(exec.execId, await exec.end(SIGTERM));
    if (!exec.staysUntilTheEnd) await deleteExec(tasks, id, exec.execId, endings.get(exec.execId));
  }
  for (const exec of late) exec.process.mayEndWith();
  const ended = await task.end(isKilled ? SIGKILL : SIGTERM);
  endings.set('', ended);
  for (const exec of late) endings.set(exec.execId, await exec.end());
  await deleteTask(tasks, id, ended);
  await tasks.checkEvents(id, endings, ended);
  await deleteRecord(tasks, id);
  for (const one of [task, ...late]) one.close();
}

async function startExec(soak: SoakHost, tasks: TaskOrdeal, id: string, execId: string, random: Random): Promise<Listening> {
  const stays = random.isLikely(0.4);
  const status = random.below(90);
  const exec = new Listening(soak, tasks, id, execId, stays ? killed : status, status);
  exec.staysUntilTheEnd = stays;
  await tasks.settle(register(id, execId, exec));
  await exec.start(async () => {
    await deleteExec(tasks, id, execId, undefined);
    await tasks.settle(register(id, execId, exec));
  });
  soak.figures.taskExecs += 1;
  return exec;
}

/** A process that runs until it is told to end, or killed. */
class Listening {
  readonly process: SoakProcess;
  readonly stdio: ClientStdio;
  readonly args: readonly string[];
  staysUntilTheEnd = false;
  readonly #directory: string;
  /** A creation that is undone closes its ends: without another the client's output would be at its end. */
  #heldFd: number | undefined;

  /** @param status its end's @param told what it ends with where it is told to */
  constructor(
    private readonly soak: SoakHost,
    private readonly tasks: TaskOrdeal,
    private readonly id: string,
    readonly execId: string,
    status: number,
    told: number,
  ) {
    this.#directory = `${soak.ordeal.host.directory}/stdio/${tasks.namespace}-${id}-${execId}`;
    this.stdio = new ClientStdio(this.#directory, false).open();
    this.#heldFd = openSync(this.stdio.paths.stdout, constants.O_RDWR | constants.O_NONBLOCK);
    soak.ordeal.host.closeAtEnd(() => { this.#letGo(); });
    // It wants nothing of its stdin, which ends where daemon and shim are dead at the same time.
    this.args = ['sh', '-c', `trap 'exit ${String(told)}' TERM; echo up; while :; do sleep 1000 & wait; done`];
    this.process = new SoakProcess(`${tasks.namespace}/${id}`, execId || 'init', status);
    soak.processes.add(this.process);
  }

  async start(mend?: () => Promise<void>): Promise<void> {
    const { id, execId, tasks } = this;
    await startProcess(tasks, id, execId, mend);
    await this.stdio.stdout.until('up\n');
    this.process.started((await tasks.ask((host) => host.get(id, execId))).pid, 'runs');
  }

  /** @param signal that ends it; without it something else does */
  async end(signal?: number): Promise<Ending> {
    const { process, tasks, soak, id, execId } = this;
    process.mayEndWith();
    // Whoever asks again after a death may be told that it is over.
    if (signal !== undefined) await tasks.refusal((host) => host.kill(id, signal, { execId }));
    const ending = endingOf(await wait(tasks, this.id, this.execId));
    process.phase = 'over';
    if (!process.statuses.includes(ending.exit_status)) {
      throw new Error(`${process.name} ended with ${String(ending.exit_status)} instead of ${process.statuses.join(' or ')}`);
    }
    if (ending.exit_status === unknown) soak.figures.unknownStatuses += 1;
    if (!this.staysUntilTheEnd && this.execId !== '') this.close();
    return ending;
  }

  /** May be called twice. */
  close(): void {
    this.#letGo();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #letGo(): void {
    if (this.#heldFd !== undefined) closeSync(this.#heldFd);
    this.#heldFd = undefined;
    this.stdio.close();
  }
}
