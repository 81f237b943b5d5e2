import { mkdirSync, writeFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { delimiter, join } from 'node:path';

import { DaemonProcess } from '../../support/daemon-process';
import type { DaemonExit } from '../../support/daemon-process';
import type { NetworkNamespace } from './network-namespace';
import type { Place } from './place';
import { inTerminal, Program, run } from './program';
import type { Outcome, RunOptions } from './program';
import { until } from '../../support/until';

/** Debian's, whatever else is on PATH. */
const dockerProgram = '/usr/bin/docker';
const dockerdProgram = '/usr/sbin/dockerd';

/** How a dockerd is set up. */
export interface DockerdOptions {
  /** The socket of a containerd that runs; without it, dockerd starts `containerd` from `path`. */
  readonly containerd?: string;
  /** Put before PATH. */
  readonly path?: string;
  /** Keys of daemon.json beside its places. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Put before the command line: namespaces to enter. */
  readonly entering?: readonly string[];
}

/** A dockerd with all its files in a directory of the place and its network in a namespace of its own. */
export class Dockerd {
  readonly directory: string;
  readonly socket: string;
  readonly #env: Readonly<Record<string, string>>;
  #process: DaemonProcess | undefined;
  #launches = 0;

  constructor(
    private readonly place: Place,
    private readonly network: NetworkNamespace,
    private readonly options: DockerdOptions,
    private readonly name = 'd',
  ) {
    this.directory = place.path(name);
    this.socket = place.path(`${name}.sock`);
    mkdirSync(this.directory);
    this.#env = { DOCKER_HOST: `unix://${this.socket}`, DOCKER_CONFIG: join(this.directory, 'client'), DOCKER_CONTEXT: '' };
  }

  /** Starts it and waits until it answers. */
  async start(): Promise<void> {
    this.#launches += 1;
    const [program = '', ...args] = [...(this.options.entering ?? this.network.entering), dockerdProgram, '--config-file', this.#writeConfig()];
    const started = await DaemonProcess.spawn({
      program,
      args,
      logPath: this.place.path(`${this.name}-${String(this.#launches)}.log`),
      env: { PATH: [this.options.path, '/usr/sbin', '/usr/bin', '/sbin', '/bin'].filter((one) => one !== undefined).join(delimiter) },
    });
    this.#process = started;
    await until('dockerd to answer', async () => {
      if (started.hasEnded) throw new Error(`dockerd ended:\n${started.log()}`);
      return (await this.run({}, 'version')).code;
    }, (code) => code === 0, 60_000);
  }

  get pid(): number {
    return this.#running().pid;
  }

  log(): string {
    return this.#running().log();
  }

  /** As the OOM killer would. */
  async kill(): Promise<void> {
    await this.#running().stop('SIGKILL');
  }

  /** Orderly: it stops its containers first, unless it is told to leave them alive. */
  async stop(): Promise<DaemonExit | undefined> {
    if (this.#process?.hasEnded !== false) return undefined;
    const exit = await this.#process.stop('SIGTERM');
    // It leaves the one of containers in the host's network; and, where one before it was killed, its bind mount of its own data.
    await run('umount', [join(this.directory, 'exec', 'netns', 'default')]);
    await run('umount', [join(this.directory, 'data')]);
    return exit;
  }

  /** Runs `docker <args>` to its end. */
  async run(options: RunOptions, ...args: readonly string[]): Promise<Outcome> {
    return run(dockerProgram, args, { ...options, env: { ...this.#env, ...options.env } });
  }

  /** What dockerd's own API answers with. */
  async get(path: string): Promise<unknown> {
    const chunks: Buffer[] = [];
    const answered = new Promise<IncomingMessage>((resolve, reject) => { request({ socketPath: this.socket, path }, resolve).on('error', reject).end(); });
    for await (const chunk of await answered) chunks.push(chunk as Buffer);
    return JSON.parse(Buffer.concat(chunks).toString());
  }

  /** docker-compose 1.29 in that directory. */
  async compose(directory: string, ...args: readonly string[]): Promise<Outcome> {
    return run('/usr/bin/docker-compose', ['--ansi', 'never', '--project-directory', directory, '--file', join(directory, 'docker-compose.yml'), ...args], {
      env: { ...this.#env, COMPOSE_PROJECT_NAME: 'project' },
      deadlineMs: 120_000,
    });
  }

  /** A docker that runs beside the test. */
  beside(...args: readonly string[]): Program {
    return new Program(dockerProgram, args, this.#env);
  }

  /** The same, behind a terminal. */
  inTerminal(...args: readonly string[]): Program {
    return inTerminal(dockerProgram, args, this.#env);
  }

  #running(): DaemonProcess {
    if (this.#process === undefined) throw new Error('dockerd was not started');
    return this.#process;
  }

  #writeConfig(): string {
    const path = join(this.directory, 'daemon.json');
    const config = {
      hosts: [`unix://${this.socket}`],
      'data-root': join(this.directory, 'data'),
      'exec-root': join(this.directory, 'exec'),
      pidfile: join(this.directory, 'pid'),
      // Without it, the key would be in /etc/docker.
      'deprecated-key-path': join(this.directory, 'key.json'),
      'storage-driver': 'overlay2',
      'cgroup-parent': this.place.cgroup,
      'shutdown-timeout': 5,
      ...(this.options.containerd === undefined ? {} : { containerd: this.options.containerd }),
      ...this.options.config,
    };
    writeFileSync(path, JSON.stringify(config));
    return path;
  }
}
