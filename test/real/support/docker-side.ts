import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { Backend } from './backend';
import type { BackendName } from './backend';
import { Dockerd } from './dockerd';
import { importImage } from './image';
import { NetworkNamespace } from './network-namespace';
import { normalise, withoutRuntimesWords } from './normalise';
import { Place } from './place';
import type { Outcome, RunOptions } from './program';
import { until } from '../../support/until';

/** One of the two backends under a dockerd 20.10, with Debian's docker as the client, and a transcript as a Side has. */
export class DockerSide {
  readonly place = new Place();
  #backend: Backend | undefined;
  #dockerd: Dockerd | undefined;
  #lines: string[] = [];

  /**
   * @param config keys of daemon.json
   * @param etc files that lie over those of /etc for both daemons
   */
  constructor(
    readonly name: BackendName,
    private readonly config: Readonly<Record<string, unknown>> = {},
    private readonly etc?: Readonly<Record<string, string>>,
  ) {}

  get backend(): Backend {
    if (this.#backend === undefined) throw new Error('no backend');
    return this.#backend;
  }

  get dockerd(): Dockerd {
    if (this.#dockerd === undefined) throw new Error('no dockerd');
    return this.#dockerd;
  }

  async start(): Promise<void> {
    const network = await NetworkNamespace.open(this.etc === undefined ? {} : { etc: this.#writeEtc(this.etc) });
    this.place.atEnd(() => network.close());
    // In its own network only where it has to share the mounts.
    const backend = new Backend(this.name, this.place, 'c', this.etc === undefined ? [] : network.entering);
    this.#backend = backend;
    this.place.atEnd(() => backend.stop());
    await backend.start();
    const dockerd = new Dockerd(this.place, network, { containerd: backend.socket, config: this.config });
    this.#dockerd = dockerd;
    this.place.atEnd(() => dockerd.stop());
    this.place.atEnd(() => this.removeAll());
    await dockerd.start();
    await importImage(dockerd);
  }

  /** Runs `docker <args>` to its end, and writes it down. */
  async docker(...args: readonly string[]): Promise<Outcome> {
    return this.dockerWith({}, ...args);
  }

  async dockerWith(options: RunOptions, ...args: readonly string[]): Promise<Outcome> {
    const outcome = await this.quietly(options, ...args);
    this.note(`$ docker ${args.join(' ')}`);
    if (outcome.stdout !== '') this.note(outcome.stdout);
    const stderr = withoutRuntimesWords(outcome.stderr);
    if (stderr !== '') this.note(`stderr: ${stderr}`);
    this.note(`exit status ${String(outcome.code)}`);
    return outcome;
  }

  /** The same without a word in the transcript. */
  async quietly(options: RunOptions, ...args: readonly string[]): Promise<Outcome> {
    return this.dockerd.run(options, ...args);
  }

  /** What `docker inspect --format` says of a container; `''` where there is none. */
  async inspect(container: string, format: string): Promise<string> {
    return (await this.quietly({}, 'inspect', '--format', format, container)).stdout.trim();
  }

  /** Resolves when `docker inspect` says so, and gives that. */
  async untilInspect(container: string, format: string, isSo: (answer: string) => boolean, deadlineMs?: number): Promise<string> {
    return until(`${format} of ${container}`, () => this.inspect(container, format), isSo, deadlineMs);
  }

  async untilStatus(container: string, status: 'running' | 'exited' | 'paused'): Promise<void> {
    await this.untilInspect(container, '{{.State.Status}}', (seen) => seen === status);
  }

  /** Resolves when dockerd knows the pid of the container's one exec, which docker itself does not show. */
  async untilExecRuns(container: string): Promise<void> {
    const ids = await this.inspect(container, '{{json .ExecIDs}}');
    const [id = ''] = JSON.parse(ids) as string[];
    await until(`an exec of ${container}`, async () => ((await this.dockerd.get(`/exec/${id}/json`)) as { readonly Pid?: number }).Pid ?? 0, (pid) => pid > 0);
  }

  /** Resolves when the container's logs are as wanted, and gives them. */
  async untilLogs(container: string, isSo: (logs: string) => boolean): Promise<string> {
    return until(`logs of ${container}`, async () => (await this.quietly({}, 'logs', container)).stdout, isSo);
  }

  /**
   * Starts a backend that is away, and waits until dockerd has connected again and hears of exits. One that comes
   * before is told later by ours; Debian's loses it.
   */
  async startBackend(): Promise<void> {
    await this.backend.start();
    await until('dockerd to hear of exits', async () => {
      const probe = this.dockerd.beside('run', '--rm', 'busybox', 'true');
      const ended = await Promise.race([probe.ended, sleep(3_000)]);
      probe.kill();
      return ended?.code;
    }, (code) => code === 0, 40_000);
  }

  note(text: string): void {
    const plain = normalise(text, this.place)
      .replace(/\b[0-9a-f]{12}\b/g, '<short id>')
      // docker tells the size when the process may be over already, or the backend away.
      .replace(/^failed to resize tty, using default size\n?/gm, '')
      // A race in docker itself, between two requests that both fail.
      .replace(/^(stderr: )?time=.*error waiting for container: context canceled"\n?/gm, '$1');
    this.#lines.push(...plain.trimEnd().split('\n'));
  }

  takeTranscript(): string {
    const lines = this.#lines;
    this.#lines = [];
    return lines.join('\n');
  }

  async removeAll(): Promise<void> {
    const { stdout } = await this.quietly({}, 'ps', '--all', '--quiet');
    const ids = stdout.split('\n').filter((id) => id !== '');
    if (ids.length === 0) return;
    const { code, stderr } = await this.quietly({}, 'rm', '--force', '--volumes', ...ids);
    if (code !== 0) throw new Error(`docker rm --force: ${stderr}`);
  }

  #writeEtc(files: Readonly<Record<string, string>>): string {
    const etc = this.place.path('etc');
    mkdirSync(etc);
    for (const [name, content] of Object.entries(files)) writeFileSync(join(etc, name), content);
    return etc;
  }
}
