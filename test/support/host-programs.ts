import { ContainersService } from '../../src/api/gen/containerd/services/containers/v1/containers';
import type { CreateTaskRequest, ExecProcessRequest } from '../../src/api/gen/containerd/services/tasks/v1/tasks';
import { HOST_RUNTIME } from '../../src/runtime/host/host-name';
import { containerOf } from './containerd-client';
import { TaskHost } from './task-host';

/** What a test wants of a host program; all but `args` has a default. */
export interface HostProgramOptions {
  readonly args: readonly string[];
  readonly env?: readonly string[];
  readonly cwd?: string;
  readonly terminal?: boolean;
  readonly user?: { readonly uid: number; readonly gid: number; readonly additionalGids?: readonly number[]; readonly umask?: number };
  /** Other members of the OCI process. */
  readonly process?: object;
  readonly pidNamespace?: boolean;
  readonly resources?: object;
  /** Other members of the spec. */
  readonly spec?: object;
}

const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

function processOf({ args, env, cwd, terminal, user, process }: HostProgramOptions): object {
  return { terminal: terminal ?? false, user: user ?? { uid: 0, gid: 0 }, args, env: [path, ...(env ?? [])], cwd: cwd ?? '/', ...process };
}

/** Host programs of one namespace on a test's host, in cgroups below the host's. */
export class HostPrograms extends TaskHost {
  /** A record and a task whose stub waits for its start. @returns its pid */
  async createProgram(id: string, options: HostProgramOptions, request: Partial<CreateTaskRequest> = {}): Promise<number> {
    const spec = {
      ociVersion: '1.0.2',
      process: processOf(options),
      linux: {
        cgroupsPath: `${this.host.cgroup}/${id}`,
        ...(options.resources === undefined ? {} : { resources: options.resources }),
        ...(options.pidNamespace === true ? { namespaces: [{ type: 'pid' }] } : {}),
      },
      ...options.spec,
    };
    await this.ask(ContainersService.create, { container: containerOf(id, spec, { runtime: { name: HOST_RUNTIME, options: undefined } }) });
    return (await this.createTask(id, { terminal: options.terminal ?? false, ...request })).pid;
  }

  async run(id: string, options: HostProgramOptions, request: Partial<CreateTaskRequest> = {}): Promise<number> {
    const pid = await this.createProgram(id, options, request);
    await this.start(id);
    return pid;
  }

  /** Runs it to its end. @returns its exit status and what it wrote to its standard output */
  async outcome(id: string, options: HostProgramOptions): Promise<{ readonly status: number; readonly output: string }> {
    const stdio = this.host.stdio(id);
    await this.createProgram(id, options, stdio.paths);
    const ended = this.wait(id);
    await this.start(id);
    const status = (await ended).exit_status;
    await this.delete(id);
    return { status, output: await stdio.stdout.untilEnd() };
  }

  /** Names a process that is started later. */
  async registerProgram(id: string, execId: string, options: HostProgramOptions, request: Partial<ExecProcessRequest> = {}): Promise<void> {
    const spec = { type_url: 'types.containerd.io/opencontainers/runtime-spec/1/Process', value: Buffer.from(JSON.stringify(processOf(options))) };
    await this.exec(id, execId, [], { spec, terminal: options.terminal ?? false, ...request });
  }

  async execProgram(id: string, execId: string, options: HostProgramOptions, request: Partial<ExecProcessRequest> = {}): Promise<number> {
    await this.registerProgram(id, execId, options, request);
    return this.start(id, execId);
  }
}
