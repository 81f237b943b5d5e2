import { Status } from '../../src/api/gen/containerd/types/task';
import { ContainersService } from '../../src/api/gen/containerd/services/containers/v1/containers';
import { type CreateTaskRequest, type CreateTaskResponse, type DeleteResponse, type ExecProcessRequest, TasksService, type WaitResponse } from '../../src/api/gen/containerd/services/tasks/v1/tasks';
import type { Empty } from '../../src/api/gen/google/protobuf/empty';
import type { Process } from '../../src/api/gen/containerd/types/task';
import { type BundleOptions, ociSpec } from './bundle';
import { ContainerdClient, type Method, containerOf } from './containerd-client';
import type { TestHost } from './test-host';

/** Tasks of one namespace on a test's host, as a client of the containerd API makes them. */
export class TaskHost {
  readonly client: ContainerdClient;

  constructor(
    readonly host: TestHost,
    readonly namespace = 'tests',
  ) {
    this.client = new ContainerdClient(host.socketPath);
    host.closeAtEnd(() => { this.client.close(); });
  }

  /** One call in the namespace of the tasks: `ask(TasksService.get, request)`. */
  ask<Request, Answer>(method: Method<Request, Answer>, request: Request): Promise<Answer> {
    return this.client.ask(method, request, this.namespace);
  }

  /** A record whose cgroup is below the host's. */
  async record(id: string, options: BundleOptions): Promise<void> {
    const container = containerOf(id, ociSpec({ cgroupsPath: `${this.host.cgroup}/${id}`, ...options }));
    await this.ask(ContainersService.create, { container });
  }

  /** A record and a task that waits for its start. @returns its pid */
  async create(id: string, options: BundleOptions, request: Partial<CreateTaskRequest> = {}): Promise<number> {
    await this.record(id, options);
    return (await this.createTask(id, request)).pid;
  }

  createTask(id: string, request: Partial<CreateTaskRequest> = {}): Promise<CreateTaskResponse> {
    return this.ask(TasksService.create, {
      container_id: id, rootfs: [], stdin: '', stdout: '', stderr: '', terminal: false, checkpoint: undefined, options: undefined,
      runtime_path: '', task_api_address: '', task_api_version: 0, ...request,
    });
  }

  async start(id: string, execId = ''): Promise<number> {
    return (await this.ask(TasksService.start, { container_id: id, exec_id: execId })).pid;
  }

  async get(id: string, execId = ''): Promise<Process> {
    const { process } = await this.ask(TasksService.get, { container_id: id, exec_id: execId });
    if (process === undefined) throw new Error(`${id}: an answer without a process`);
    return process;
  }

  async statusOf(id: string, execId = ''): Promise<string> {
    return Status[(await this.get(id, execId)).status];
  }

  wait(id: string, execId = ''): Promise<WaitResponse> {
    return this.ask(TasksService.wait, { container_id: id, exec_id: execId });
  }

  kill(id: string, signal: number, options: { readonly execId?: string; readonly all?: boolean } = {}): Promise<Empty> {
    return this.ask(TasksService.kill, { container_id: id, exec_id: options.execId ?? '', signal, all: options.all ?? false });
  }

  delete(id: string): Promise<DeleteResponse> {
    return this.ask(TasksService.delete, { container_id: id });
  }

  deleteExec(id: string, execId: string): Promise<DeleteResponse> {
    return this.ask(TasksService.deleteProcess, { container_id: id, exec_id: execId });
  }

  exec(id: string, execId: string, args: readonly string[], request: Partial<ExecProcessRequest> = {}): Promise<Empty> {
    const { process } = ociSpec({ args });
    const spec = { type_url: 'types.containerd.io/opencontainers/runtime-spec/1/Process', value: Buffer.from(JSON.stringify(process)) };
    return this.ask(TasksService.exec, { container_id: id, exec_id: execId, stdin: '', stdout: '', stderr: '', terminal: false, spec, ...request });
  }

  /** Ends the task whatever it does, and removes it. */
  async end(id: string): Promise<void> {
    if ((await this.statusOf(id)) !== 'STOPPED') {
      const ended = this.wait(id);
      await this.kill(id, 9);
      await ended;
    }
    await this.delete(id);
  }
}
