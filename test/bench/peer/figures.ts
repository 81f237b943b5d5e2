import { ContainersService } from '../../../src/api/gen/containerd/services/containers/v1/containers';
import { TasksService } from '../../../src/api/gen/containerd/services/tasks/v1/tasks';
import { type Figure, type Round, atMost, figureOf, interleave, repeat, timed } from '../figure';
import { cpuMsOf, pssOf } from '../proc';
import type { PeerHost } from './peer-host';
import type { Tasks } from './tasks';

const many = 100;

/** Create and start of a task whose record is there, against containerd and against the bare runtime's: the three in turns. */
export async function startFigures(host: PeerHost): Promise<Figure[]> {
  const { rounds, perRound } = host.options;
  const api = (tasks: Tasks) => (): Promise<number[]> => repeat(perRound, async () => {
    const id = await tasks.record();
    const ms = await timed(async () => {
      await tasks.create(id);
      await tasks.start(id);
    });
    await tasks.end(id);
    return ms;
  });
  const bare = (): Promise<number[]> => repeat(perRound, async () => {
    const { id, bundle } = host.bareBundle();
    const began = performance.now();
    const container = await host.bare.create(id, bundle);
    await host.bare.start(id);
    const ms = performance.now() - began;
    await host.removeBare(container);
    return ms;
  });
  const sides = [api(host.ours), api(host.theirs), bare];
  const taken: number[][][] = [];
  for (let round = 0; round < rounds; round++) {
    const values: number[][] = [];
    for (let turn = 0; turn < sides.length; turn++) {
      const which = (round + turn) % sides.length;
      values[which] = (await sides[which]?.()) ?? [];
    }
    taken.push(values);
  }
  const against = (which: number): Round[] => taken.map((values) => ({ ours: values[0] ?? [], bare: values[which] ?? [] }));
  return [
    figureOf({ name: 'create', what: 'Tasks/Create + Start', unit: 'ms', targets: [atMost(0.8, 'ratio')] }, against(1)),
    figureOf({ name: 'create-bare', what: 'Tasks/Create + Start, against the bare runtime', unit: 'ms', targets: [atMost(1.15, 'ratio')] }, against(2)),
  ];
}

/** SIGKILL to the exit event, and the deletion of the task then. */
export async function endFigures(host: PeerHost): Promise<Figure[]> {
  const deletes = new Map<Tasks, number[][]>([[host.ours, []], [host.theirs, []]]);
  const kills = await ofBoth(host, async (tasks) => {
    const { perRound } = host.options;
    const deleted: number[] = [];
    const killed = await repeat(perRound, async () => {
      const id = await tasks.run();
      const ms = await timed(() => tasks.kill(id));
      deleted.push(await timed(() => tasks.delete(id)));
      await tasks.forget(id);
      return ms;
    });
    deletes.get(tasks)?.push(deleted);
    return killed;
  });
  const rounds = (deletes.get(host.ours) ?? []).map((ours, at) => ({ ours, bare: deletes.get(host.theirs)?.[at] ?? [] }));
  return [
    figureOf({ name: 'kill', what: 'Tasks/Kill (SIGKILL) to the exit event', unit: 'ms', targets: [atMost(1, 'ratio')] }, kills),
    figureOf({ name: 'delete', what: 'Tasks/Delete of an ended task', unit: 'ms', targets: [atMost(0.5, 'ratio')] }, rounds),
  ];
}

/** Exec and Start of /bin/true to its exit event, and what an exec with its deletion takes of the processors. */
export async function execFigures(host: PeerHost): Promise<Figure[]> {
  const { perRound } = host.options;
  const cpu = new Map<Tasks, number[][]>([[host.ours, []], [host.theirs, []]]);
  const rounds = await onRunning(host, async (tasks, id) => {
    const pids = tasks.side.pids();
    const before = cpuMsOf(pids);
    const values = await repeat(perRound, async () => {
      let execId = '';
      const ms = await timed(async () => (execId = await tasks.exec(id)));
      await tasks.deleteExec(id, execId);
      return ms;
    });
    cpu.get(tasks)?.push([(cpuMsOf(pids) - before) / perRound]);
    return values;
  });
  const used = (cpu.get(host.ours) ?? []).map((ours, at) => ({ ours, bare: cpu.get(host.theirs)?.[at] ?? [] }));
  return [
    figureOf({ name: 'exec', what: 'Tasks/Exec + Start of /bin/true to its exit event', unit: 'ms', targets: [atMost(1, 'ratio')] }, rounds),
    figureOf({ name: 'exec-cpu', what: 'CPU of daemon and shims for one exec', unit: 'ms', targets: [] }, used),
  ];
}

export async function pauseFigure(host: PeerHost): Promise<Figure> {
  const rounds = await onRunning(host, (tasks, id) => repeat(host.options.perRound, () => timed(async () => {
    await tasks.pause(id);
    await tasks.resume(id);
  })));
  return figureOf({ name: 'pause', what: 'Tasks/Pause + Resume', unit: 'ms', targets: [atMost(0.3, 'ratio')] }, rounds);
}

/** Lists of a hundred, and what they cost in memory: on both sides at once. */
export async function manyFigures(host: PeerHost): Promise<Figure[]> {
  const both = [host.ours, host.theirs];
  const ids = new Map<Tasks, string[]>();
  for (const tasks of both) {
    const running: string[] = [];
    for (let count = 0; count < many; count++) running.push(await tasks.run());
    ids.set(tasks, running);
  }
  await new Promise((resolve) => setTimeout(resolve, 2000));
  const memory = { ours: [pssOf(host.ours.side.pids())], bare: [pssOf(host.theirs.side.pids())] };
  const list = (ask: (tasks: Tasks) => Promise<unknown>): Promise<Round[]> => ofBoth(host, (tasks) => repeat(4 * host.options.perRound, () => timed(() => ask(tasks))));
  const listed = await list(async ({ side }) => {
    const { tasks } = await side.ask(TasksService.list, { filter: '' });
    if (tasks.length !== many) throw new Error(`${side.name} lists ${String(tasks.length)} tasks`);
  });
  const records = await list(({ side }) => side.ask(ContainersService.list, { filters: [] }));
  for (const tasks of both) for (const id of ids.get(tasks) ?? []) await tasks.end(id);
  return [
    figureOf({ name: 'memory', what: 'memory (PSS) of daemon and shims, 100 containers', unit: 'MB', targets: [atMost(0.35, 'ratio')] }, [memory]),
    figureOf({ name: 'tasks', what: 'Tasks/List of 100', unit: 'ms', targets: [atMost(0.5, 'ratio')] }, listed),
    figureOf({ name: 'containers', what: 'Containers/List of 100', unit: 'ms', targets: [] }, records),
  ];
}

function ofBoth(host: PeerHost, measure: (tasks: Tasks) => Promise<number[]>): Promise<Round[]> {
  return interleave(host.options.rounds, () => measure(host.ours), () => measure(host.theirs));
}

/** With a container that runs on each side meanwhile. */
async function onRunning(host: PeerHost, measure: (tasks: Tasks, id: string) => Promise<number[]>): Promise<Round[]> {
  const [ours, theirs] = [await host.ours.run(), await host.theirs.run()];
  const rounds = await ofBoth(host, (tasks) => measure(tasks, tasks === host.ours ? ours : theirs));
  await host.ours.end(ours);
  await host.theirs.end(theirs);
  return rounds;
}
