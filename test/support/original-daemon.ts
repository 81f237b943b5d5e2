import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { ociSpec } from './bundle';
import type { BundleOptions } from './bundle';
import { untilExists } from './files';
import { FifoReader, makeFifo } from './fifo';
import { processOf } from './processes';
import type { TestHost } from './test-host';

/** The program that follows the original shim's protocol. */
export const originalShim = resolve(__dirname, 'original-shim.cjs');

const noStdio = { stdin: '', stdout: '', stderr: '' };

/** What an original containerd does in a state directory, as far as its files and its shims go. */
export class OriginalDaemon {
  readonly #exits: FifoReader[] = [];

  constructor(private readonly host: TestHost) {
    mkdirSync(host.stateDir, { recursive: true });
  }

  /** Starts a container. Resolves with its first process's pid. */
  async create(id: string, options: BundleOptions, stdio = noStdio): Promise<number> {
    const bundle = this.host.bundle(id, options);
    const dir = join(this.host.stateDir, id, 'init');
    mkdirSync(dir, { recursive: true });
    const state = {
      bundle, labels: null, stdin: '', stdout: '', stderr: '',
      runtime: 'docker-runc', runtimeArgs: this.#runtimeArgs(), shim: 'docker-containerd-shim', noPivotRoot: false,
    };
    writeFileSync(join(this.host.stateDir, id, 'state.json'), `${JSON.stringify(state)}\n`);
    const pid = await this.#launch(id, bundle, dir, { ...ociSpec(options).process, ...this.#instructions(false, stdio) });
    await this.host.runtime('start', id);
    return pid;
  }

  /** Runs another process in a container of this daemon. @param stdio with a terminal, where stderr is empty */
  async exec(id: string, name: string, args: readonly string[], stdio = noStdio): Promise<number> {
    const dir = join(this.host.stateDir, id, name);
    mkdirSync(dir);
    const terminal = stdio.stdin !== '' && stdio.stderr === '';
    const spec = { terminal, user: { uid: 0, gid: 0 }, args, env: ['PATH=/bin'], cwd: '/' };
    return this.#launch(id, join(this.host.directory, 'bundles', id), dir, { ...spec, ...this.#instructions(true, stdio) });
  }

  /** It is gone, and lets go of all that it held; its shims and containers live on. */
  die(): void {
    for (const exit of this.#exits.splice(0)) exit.close();
  }

  async #launch(id: string, bundle: string, dir: string, record: object): Promise<number> {
    writeFileSync(join(dir, 'process.json'), JSON.stringify(record));
    makeFifo(join(dir, 'exit'));
    makeFifo(join(dir, 'control'));
    this.#exits.push(new FifoReader(join(dir, 'exit')));
    spawn(originalShim, [id, bundle, 'runc'], { cwd: dir, detached: true, stdio: 'ignore' }).unref();
    await untilExists(join(dir, 'pid'));
    const pid = Number(readFileSync(join(dir, 'pid'), 'utf8'));
    writeFileSync(join(dir, 'starttime'), processOf(pid)?.starttime ?? '');
    return pid;
  }

  #runtimeArgs(): string[] {
    return ['--root', this.host.runtimeRoot];
  }

  #instructions(exec: boolean, stdio: typeof noStdio): object {
    return {
      exec, containerdStdin: stdio.stdin, containerdStdout: stdio.stdout, containerdStderr: stdio.stderr,
      runtimeArgs: this.#runtimeArgs(), noPivotRoot: false, checkpoint: '', rootUID: 0, rootGID: 0,
    };
  }
}
