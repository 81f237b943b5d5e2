import { Options } from '../../../src/api/gen/containerd/runtimes/runc-options';
import { ContainersService } from '../../../src/api/gen/containerd/services/containers/v1/containers';
import { CreateTaskRequest, ExecProcessRequest, TasksService } from '../../../src/api/gen/containerd/services/tasks/v1/tasks';
import { ociSpec } from '../../support/bundle';
import { containerOf } from '../../support/containerd-client';
import type { ApiSide } from './api-side';
import { Exits } from './exits';

/** What each container runs. */
export const sleeper = { args: ['sleep', '100000'] };
const processType = 'types.containerd.io/opencontainers/runtime-spec/1/Process';
const trueProcess = { type_url: processType, value: Buffer.from(JSON.stringify(ociSpec({ args: ['/bin/true'] }).process)) };

/** Where a container's cgroup is. */
export function cgroupOf(parent: string, id: string): { readonly cgroupsPath?: string } {
  return parent === '' ? {} : { cgroupsPath: `${parent}/${id}` };
}

/** The life of containers on one side, a call each. */
export class Tasks {
  #names = 0;

  private constructor(
    readonly side: ApiSide,
    readonly exits: Exits,
  ) {}

  static async on(side: ApiSide): Promise<Tasks> {
    return new Tasks(side, await Exits.open(side));
  }

  /** A record. @returns its id, which no container had before */
  async record(): Promise<string> {
    const id = `bench-${String(process.pid)}-${this.side.name}-${String(++this.#names)}`;
    const options = { type_url: 'containerd.runc.v1.Options', value: Buffer.from(Options.encode(Options.fromPartial({ root: this.side.runtimeRoot })).finish()) };
    await this.side.ask(ContainersService.create, { container: containerOf(id, ociSpec({ ...sleeper, ...cgroupOf(this.side.cgroupParent, id) }), { runtime: { name: 'io.containerd.runc.v2', options } }) });
    return id;
  }

  async create(id: string): Promise<void> {
    await this.side.ask(TasksService.create, CreateTaskRequest.fromPartial({ container_id: id }));
  }

  async start(id: string, execId = ''): Promise<void> {
    await this.side.ask(TasksService.start, { container_id: id, exec_id: execId });
  }

  /** Record and task, which runs then. */
  async run(): Promise<string> {
    const id = await this.record();
    await this.create(id);
    await this.start(id);
    return id;
  }

  /** SIGKILL, to its exit event. */
  async kill(id: string): Promise<void> {
    await this.side.ask(TasksService.kill, { container_id: id, exec_id: '', signal: 9, all: false });
    await this.exits.of(id);
  }

  async delete(id: string): Promise<void> {
    await this.side.ask(TasksService.delete, { container_id: id });
  }

  async forget(id: string): Promise<void> {
    await this.side.ask(ContainersService.delete, { id });
  }

  /** From a task that runs to nothing. */
  async end(id: string): Promise<void> {
    await this.kill(id);
    await this.delete(id);
    await this.forget(id);
  }

  /** Whatever an interrupted run has left. */
  async endAll(): Promise<void> {
    const { tasks } = await this.side.ask(TasksService.list, { filter: '' });
    for (const { id } of tasks) await this.end(id);
  }

  /** /bin/true in the container, to its exit event. @returns its id */
  async exec(id: string): Promise<string> {
    const execId = `e${String(++this.#names)}`;
    await this.side.ask(TasksService.exec, ExecProcessRequest.fromPartial({ container_id: id, exec_id: execId, spec: trueProcess }));
    await this.start(id, execId);
    await this.exits.of(id, execId);
    return execId;
  }

  async deleteExec(id: string, execId: string): Promise<void> {
    await this.side.ask(TasksService.deleteProcess, { container_id: id, exec_id: execId });
  }

  async pause(id: string): Promise<void> {
    await this.side.ask(TasksService.pause, { container_id: id });
  }

  async resume(id: string): Promise<void> {
    await this.side.ask(TasksService.resume, { container_id: id });
  }
}
