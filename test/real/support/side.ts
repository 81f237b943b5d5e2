import { mkdirSync } from 'node:fs';

import { buildRootfs } from '../../support/rootfs';
import { Backend } from './backend';
import type { BackendName } from './backend';
import { normalise, withoutRuntimesWords } from './normalise';
import { Place } from './place';
import { inTerminal, Program, run } from './program';
import type { Outcome, RunOptions } from './program';
import { until } from '../../support/until';

/** Debian's, and no other that may be on PATH. */
const ctrProgram = '/usr/bin/ctr';

/**
 * One of the two backends with Debian's ctr as its client. What ctr prints goes, normalised, into a transcript, by
 * which the two are compared.
 */
export class Side {
  readonly place = new Place();
  readonly backend: Backend;
  readonly rootfs: string;
  readonly #env: Readonly<Record<string, string>>;
  #lines: string[] = [];

  constructor(readonly name: BackendName) {
    this.backend = new Backend(name, this.place);
    this.rootfs = this.place.path('rootfs');
    this.#env = { CONTAINERD_ADDRESS: this.backend.socket, CONTAINERD_NAMESPACE: this.place.namespace };
  }

  async start(): Promise<void> {
    buildRootfs(this.rootfs);
    mkdirSync(this.place.path('fifos'));
    await this.backend.start();
    this.place.atEnd(async () => {
      await this.removeAll();
      await this.backend.stop();
    });
  }

  /** Runs `ctr <args>` to its end, in the side's own namespace, and writes it down. */
  async ctr(...args: readonly string[]): Promise<Outcome> {
    return this.ctrWith({}, ...args);
  }

  async ctrWith(options: RunOptions, ...args: readonly string[]): Promise<Outcome> {
    const outcome = await this.quietly(options, ...args);
    const { stdout, code } = outcome;
    const stderr = withoutRuntimesWords(outcome.stderr);
    this.note(`$ ctr ${args.join(' ')}`);
    if (stdout !== '') this.note(stdout);
    if (stderr !== '') this.note(`stderr: ${stderr}`);
    this.note(`exit status ${String(code)}`);
    return outcome;
  }

  /** The same without a word in the transcript: for asking until something is so. */
  async quietly(options: RunOptions, ...args: readonly string[]): Promise<Outcome> {
    return run(ctrProgram, args, { ...options, env: { ...this.#env, ...options.env } });
  }

  /** A ctr that runs beside the test. Not written down. */
  ctrBeside(...args: readonly string[]): Program {
    return new Program(ctrProgram, args, this.#env);
  }

  /** The same, behind a terminal. */
  ctrInTerminal(...args: readonly string[]): Program {
    return inTerminal(ctrProgram, args, this.#env);
  }

  /** `ctr run --rootfs`: a container with the side's busybox. */
  async run(flags: readonly string[], id: string, ...command: readonly string[]): Promise<Outcome> {
    return this.ctr('run', ...flags, '--rootfs', this.rootfs, id, ...command);
  }

  /** Resolves when that task is listed with that status; with `''`, when it is not listed. */
  async untilTask(id: string, status: 'RUNNING' | 'STOPPED' | 'PAUSED' | 'CREATED' | ''): Promise<void> {
    await until(`task ${id} to be ${status === '' ? 'gone' : status}`, () => this.statusOf(id), (seen) => seen === status);
  }

  async statusOf(id: string): Promise<string> {
    const { stdout } = await this.quietly({}, 'task', 'ls');
    const line = stdout.split('\n').find((one) => one.split(/\s+/)[0] === id);
    return line?.split(/\s+/)[2] ?? '';
  }

  /** Adds to the transcript what is not an output of ctr. */
  note(text: string): void {
    this.#lines.push(...normalise(text, this.place).trimEnd().split('\n'));
  }

  /** The transcript since the last call of this. */
  takeTranscript(): string {
    const lines = this.#lines;
    this.#lines = [];
    return lines.join('\n');
  }

  /** Containers, tasks and namespaces: all that ctr sees goes. */
  async removeAll(): Promise<void> {
    const namespaces = await this.#list({}, 'namespaces', 'ls', '-q');
    for (const namespace of namespaces) {
      const env = { CONTAINERD_NAMESPACE: namespace };
      for (const task of await this.#list(env, 'task', 'ls', '-q')) {
        await this.quietly({ env }, 'task', 'resume', task);
        await this.quietly({ env }, 'task', 'rm', '--force', task);
      }
      for (const container of await this.#list(env, 'containers', 'ls', '-q')) await this.quietly({ env }, 'containers', 'rm', container);
      await this.quietly({}, 'namespaces', 'rm', namespace);
    }
  }

  async #list(env: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<string[]> {
    const { stdout } = await this.quietly({ env }, ...args);
    return stdout.split('\n').filter((line) => line !== '');
  }
}
