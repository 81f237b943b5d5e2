import { ContainersService } from '../../../src/api/gen/containerd/services/containers/v1/containers';
import { ociSpec } from '../../support/bundle';
import { ClientStdio } from '../../support/client-stdio';
import { containerOf } from '../../support/containerd-client';
import { sharedRootfs } from '../../support/rootfs';
import type { TaskHost } from '../../support/task-host';
import { type Ending, type Step, type TaskOrdeal, endingOf } from './task-ordeal';

const killed = 137;
const never: Ending = { exit_status: 0, exited_at: { seconds: -62_135_596_800n, nanos: 0 } };
/** What is mounted for a task: the tests' busybox. */
const rootfs = [{ type: 'bind', source: sharedRootfs(), target: '', options: ['rbind', 'ro'] }];
/** Opaque to the daemon: every byte comes back. */
const bytes = Buffer.from(Array.from({ length: 256 }, (_unused, value) => value));

/** What an exec is asked for with. */
type Asked = Pick<Told, 'stdio' | 'args'>;

/** A process that runs until its client says so. */
class Told {
  readonly stdio: ClientStdio;
  readonly args: readonly string[];

  constructor(ordeal: TaskOrdeal, name: string, status: number) {
    this.stdio = new ClientStdio(`${ordeal.ordeal.host.directory}/stdio/${ordeal.namespace}-${name}`, false).open();
    ordeal.ordeal.host.closeAtEnd(() => { this.stdio.close(); });
    this.args = ['sh', '-c', `read line; exit ${String(status)}`];
  }

  async tell(): Promise<void> {
    await this.stdio.stdin.write('end\n');
  }
}

/**
 * A record and a task of it from its creation to its deletion, with one exec that ends before it, one that ends
 * with it, and one that is never started.
 */
export async function taskLife(ordeal: TaskOrdeal, id = 'one'): Promise<void> {
  await makeRecord(ordeal, id);
  const endings = new Map<string, Ending | undefined>();
  const init = new Told(ordeal, id, 7);
  await createTask(ordeal, id, init.stdio.paths);
  await startProcess(ordeal, id);
  for (const [execId, status] of [['extra', 3], ['late', 5]] as const) {
    const exec = new Told(ordeal, `${id}-${execId}`, status);
    const registration = register(id, execId, exec);
    await ordeal.settle(registration);
    // One that could not be started is not started again: another takes its name.
    await startProcess(ordeal, id, execId, async () => {
      await deleteExec(ordeal, id, execId, never);
      await ordeal.settle(registration);
    });
    if (execId === 'late') continue;
    await exec.tell();
    endings.set(execId, await wait(ordeal, id, execId));
    expect(endings.get(execId)).toMatchObject({ exit_status: status });
    await deleteExec(ordeal, id, execId, endings.get(execId));
  }
  await ordeal.settle(register(id, 'unused', new Told(ordeal, `${id}-unused`, 0)));
  endings.set('unused', undefined);
  await init.tell();
  endings.set('', await wait(ordeal, id));
  endings.set('late', await wait(ordeal, id, 'late'));
  expect([endings.get(''), endings.get('late')]).toMatchObject([{ exit_status: 7 }, { exit_status: killed }]);
  expect(endingOf(await ordeal.ask((tasks) => tasks.get(id)))).toEqual(endings.get(''));
  expect(await ordeal.ask((tasks) => tasks.statusOf(id))).toBe('STOPPED');
  await deleteTask(ordeal, id, endings.get(''));
  await ordeal.checkEvents(id, endings, endings.get(''));
}

/** A task that is deleted before its start. */
export async function unstarted(ordeal: TaskOrdeal, id = 'unstarted'): Promise<void> {
  await makeRecord(ordeal, id);
  await createTask(ordeal, id);
  const answer = await ordeal.settle(deletion(id));
  // A death in the middle: its process was ended, and the next daemon tells how.
  if (answer !== undefined) expect([never, { exit_status: killed }]).toContainEqual(answer.exit_status === 0 ? endingOf(answer) : { exit_status: answer.exit_status });
  await deleteRecord(ordeal, id);
}

/** Creations that fail, and are undone; then one that does not. */
export async function failedTasks(ordeal: TaskOrdeal): Promise<void> {
  for (const id of ['first', 'second', 'third']) {
    await makeRecord(ordeal, id, ['/no/such']);
    for (;;) {
      const refusal = await ordeal.refusal((tasks) => tasks.createTask(id, { rootfs }));
      expect(await ordeal.ask((tasks) => exists(tasks.get(id)))).toBe(false);
      expect(ordeal.traces(id)).toEqual([]);
      if (refusal.includes('/no/such')) break;
    }
  }
  await taskLife(ordeal, 'afterwards');
}

export async function makeRecord(ordeal: TaskOrdeal, id: string, args: readonly string[] = ['sh', '-c', 'read line; exit 7']): Promise<void> {
  const spec = ociSpec({ args, rootfs: 'rootfs', cgroupsPath: `${ordeal.ordeal.host.cgroup}/${ordeal.cgroupOf(id)}` });
  const container = containerOf(id, spec, { labels: new Map([['of', id]]), extensions: new Map([['opaque', { type_url: 'any/type', value: bytes }]]) });
  const get = (tasks: TaskHost) => tasks.ask(ContainersService.get, { id });
  await ordeal.settle({
    what: `the record of ${id}`,
    ask: (tasks) => tasks.ask(ContainersService.create, { container }),
    isDone: (tasks) => exists(get(tasks)),
    again: `6 container "${id}": already exists`,
  });
  const { container: stored } = await ordeal.ask(get);
  expect(stored).toMatchObject({ labels: container.labels, extensions: container.extensions, spec: container.spec });
}

export async function createTask(ordeal: TaskOrdeal, id: string, stdio = {}): Promise<void> {
  await ordeal.settle({
    what: `the creation of ${id}`,
    ask: (tasks) => tasks.createTask(id, { rootfs, ...stdio }),
    isDone: (tasks) => exists(tasks.get(id)),
    again: `6 task ${id}: already exists`,
    traces: () => ordeal.traces(id),
  });
  expect(await ordeal.ask((tasks) => tasks.statusOf(id))).toBe('CREATED');
}

export async function startProcess(ordeal: TaskOrdeal, id: string, execId = '', mend?: () => Promise<void>): Promise<void> {
  const pid = await ordeal.settle({
    what: `the start of ${id} ${execId}`,
    ask: (tasks) => tasks.start(id, execId),
    isDone: async (tasks) => (await tasks.statusOf(id, execId)) === 'RUNNING',
    again: '2 cannot start a running process: unknown',
    ...(mend === undefined ? {} : { mend }),
  });
  if (pid !== undefined) expect((await ordeal.ask((tasks) => tasks.get(id, execId))).pid).toBe(pid);
}

export function register(id: string, execId: string, { stdio, args }: Asked): Step<unknown> {
  return {
    what: `the exec ${execId} of ${id}`,
    ask: (tasks) => tasks.exec(id, execId, args, stdio.paths),
    isDone: (tasks) => exists(tasks.get(id, execId)),
    again: `6 id ${execId}: already exists`,
  };
}

export async function wait(ordeal: TaskOrdeal, id: string, execId = ''): Promise<Ending> {
  const first = await ordeal.ask((tasks) => tasks.wait(id, execId));
  expect(await ordeal.ask((tasks) => tasks.wait(id, execId))).toEqual(first);
  return endingOf(first);
}

export async function deleteExec(ordeal: TaskOrdeal, id: string, execId: string, ending: Ending | undefined): Promise<void> {
  const answer = await ordeal.settle({
    what: `the deletion of ${execId} of ${id}`,
    ask: (tasks) => tasks.deleteExec(id, execId),
    isDone: async (tasks) => !(await exists(tasks.get(id, execId))),
    again: `5 process does not exist ${execId}: not found`,
  });
  if (answer !== undefined && ending !== undefined) expect(endingOf(answer)).toEqual(ending);
}

export async function deleteTask(ordeal: TaskOrdeal, id: string, ending: Ending | undefined): Promise<void> {
  const answer = await ordeal.settle(deletion(id));
  if (answer !== undefined) expect(endingOf(answer)).toEqual(ending);
  expect(ordeal.traces(id)).toEqual([]);
}

export async function deleteRecord(ordeal: TaskOrdeal, id: string): Promise<void> {
  await ordeal.settle({
    what: `the deletion of the record of ${id}`,
    ask: (tasks) => tasks.ask(ContainersService.delete, { id }),
    isDone: async (tasks) => !(await exists(tasks.ask(ContainersService.get, { id }))),
    again: `5 container ${id}: not found`,
  });
}

function deletion(id: string) {
  const isDone = async (tasks: TaskHost): Promise<boolean> => !(await exists(tasks.get(id)));
  return { what: `the deletion of ${id}`, ask: (tasks: TaskHost) => tasks.delete(id), isDone, again: `5 task ${id} not found` };
}

async function exists(found: Promise<unknown>): Promise<boolean> {
  try {
    await found;
    return true;
  } catch (error) {
    if ((error as { code?: number }).code === 5) return false;
    throw error;
  }
}
