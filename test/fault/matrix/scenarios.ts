import { writeFileSync } from 'node:fs';

import { ClientStdio } from '../../support/client-stdio';
import { untilExists } from '../../support/files';
import { writeFakeRuntime } from '../../support/fake-runtime';
import { makeFifo } from '../../support/fifo';
import { inOtherVersion, otherVersion } from '../../support/other-version';
import { waitForExit } from '../../support/processes';
import type { Ordeal } from './ordeal';

const path = 'PATH=/bin';
const killed = 137;

/** A process that runs until its client says so, and then ends with its status. */
class Obedient {
  readonly #stdio: ClientStdio;

  constructor(
    private readonly ordeal: Ordeal,
    private readonly id: string,
    private readonly processId: string,
    private readonly status: number,
    /** Beside its own, where it is killed before it is told to end. */
    private readonly otherwise: readonly number[] = [],
  ) {
    this.#stdio = new ClientStdio(`${ordeal.host.directory}/stdio/${id}-${processId}`, false).open();
  }

  async start(options: { readonly pidNamespace?: boolean } = {}): Promise<this> {
    const { ordeal, id, processId } = this;
    const { paths } = this.#stdio;
    const args = ['sh', '-c', `read line; exit ${String(this.status)}`];
    const bundlePath = processId === 'init' ? ordeal.host.bundle(id, { args, ...options }) : '';
    await ordeal.started({ id, processId, statuses: [this.status, ...this.otherwise] }, (client) =>
      processId === 'init'
        ? client.create({ id, bundlePath, ...paths })
        : client.addProcess({ id, pid: processId, args, env: [path], cwd: '/', ...paths }),
    );
    return this;
  }

  /** Also while no daemon runs. */
  async tell(): Promise<void> {
    this.ordeal.ends(this.id);
    await this.#stdio.stdin.write('end\n');
  }

  async end(): Promise<void> {
    await this.tell();
    await this.ordeal.untilExit(this.id, this.processId);
    this.#stdio.close();
  }

  close(): void {
    this.#stdio.close();
  }
}

/** A container from its start to its end: one exec ends before it, another with it. */
export async function life(ordeal: Ordeal, id = 'one', options: { readonly pidNamespace?: boolean } = {}): Promise<void> {
  const init = await new Obedient(ordeal, id, 'init', 7).start(options);
  const extra = await new Obedient(ordeal, id, 'extra', 3).start();
  const late = await new Obedient(ordeal, id, 'late', 5, [killed]).start();
  await extra.end();
  await init.end();
  await ordeal.untilExit(id, 'late');
  late.close();
}

/** Starts that fail, and are undone; then one that does not. */
export async function failures(ordeal: Ordeal): Promise<void> {
  const { host } = ordeal;
  const runtime = writeFakeRuntime(host.own('start-fails'), 'start-fails');
  const runtimeArgs = ['--root', host.runtimeRoot];
  for (const id of ['first', 'second', 'third']) {
    const bundlePath = host.bundle(id, { args: ['sleep', '1000'] });
    const outcome = await ordeal.call((client) => client.create({ id, bundlePath, runtime, runtimeArgs }));
    if (outcome.is === 'done') throw new Error('a start succeeded that cannot');
    ordeal.expectUndone({ id, processId: 'init', statuses: [] }, undefined, outcome);
  }
  await life(ordeal, 'afterwards');
}

/** A restart that finds something of everything: what runs, what has ended, a start and an end that were cut off. */
export async function restart(ordeal: Ordeal, plan: readonly string[]): Promise<void> {
  const { host } = ordeal;
  const running = await new Obedient(ordeal, 'running', 'init', 7).start();
  const extra = await new Obedient(ordeal, 'running', 'extra', 3).start();
  const ended = await new Obedient(ordeal, 'ended', 'init', 9).start();
  const recorded = await new Obedient(ordeal, 'recorded', 'init', 11).start();
  const { systemPid } = await host.initOf('ended');
  const runtime = writeHangingRuntime(host.own('start-hangs'));
  const cut = host.client
    .create({ id: 'cut', bundlePath: host.bundle('cut', { args: ['sleep', '1000'] }), runtime, runtimeArgs: ['--root', host.runtimeRoot] })
    .then(() => true, () => false);
  await untilExists(`${runtime}.called`);
  // The daemon that the scenario begins with dies where this end is in its log, and no more than that.
  await recorded.tell();
  await host.daemon.exited;
  if (await cut) throw new Error('a start succeeded that cannot');
  await ended.tell();
  await waitForExit(systemPid);
  for (const fault of plan) await ordeal.restart([fault]);
  await ordeal.stop();
  await ordeal.start([]);
  ordeal.expectUndone({ id: 'cut', processId: 'init', statuses: [] }, undefined, { is: 'cut' });
  await recorded.end();
  await ended.end();
  await extra.end();
  await running.end();
}

/** Hangs at `start`, and keeps its arguments, as a runtime does: by them it is found. */
function writeHangingRuntime(path: string): string {
  makeFifo(`${path}.never`);
  const body = `for argument in "$@"; do [ "$argument" = start ] && : > '${path}.called' && read line < '${path}.never'; done`;
  writeFileSync(path, `#!/bin/sh\n${body}\nexec runc "$@"\n`, { mode: 0o755 });
  return path;
}

/** The shim dies while processes run, and another takes them over. */
export async function adoption(ordeal: Ordeal, struck: () => Promise<void>): Promise<void> {
  const init = await new Obedient(ordeal, 'adopted', 'init', 7).start();
  const extra = await new Obedient(ordeal, 'adopted', 'extra', 3).start();
  ordeal.killShims();
  await ordeal.untilStruck(struck());
  await extra.end();
  await init.end();
}

/** A daemon finds a shim of an older version, and has it upgraded in place while its processes run and end. */
export async function upgrade(ordeal: Ordeal, plan: readonly string[]): Promise<void> {
  const { program } = otherVersion(ordeal.host);
  await ordeal.start(plan, { program, env: inOtherVersion });
  const init = await new Obedient(ordeal, 'upgraded', 'init', 7).start();
  const extra = await new Obedient(ordeal, 'upgraded', 'extra', 3).start();
  const ending = await new Obedient(ordeal, 'ending', 'init', 9).start();
  await ordeal.stop();
  await ordeal.start(plan);
  await ending.tell();
  await ordeal.untilStruck(Promise.all(plan.map((fault) => untilExists(ordeal.mark(fault)))).then(() => undefined));
  await ending.end();
  await life(ordeal, 'afterwards');
  await extra.end();
  await init.end();
}

/** The shim dies, and its containers with it. */
export async function deathWithShim(ordeal: Ordeal): Promise<void> {
  const init = await new Obedient(ordeal, 'doomed', 'init', 7, [killed]).start();
  ordeal.ends('doomed');
  ordeal.killShims();
  await ordeal.untilExit('doomed');
  init.close();
}
