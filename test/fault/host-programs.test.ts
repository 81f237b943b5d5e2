import { readFileSync } from 'node:fs';
import { status } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';

import { type FaultPoint, hostMoments, hostSteps, toldMoments } from '../../src/sys/fault-points';
import { ClientStdio } from '../support/client-stdio';
import { within } from '../support/deadline';
import { Faults } from '../support/faults';
import { HostPrograms } from '../support/host-programs';
import { describeOnHost, realContainers } from '../support/requires';
import { SharedHost } from '../support/shared-host';
import { endShims } from '../support/shims';
import type { TestHost } from '../support/test-host';
import { stubThatWaits } from '../support/waiting-stub';

/** The steps of others that a host program goes through, from its creation to its deletion. */
const kills: readonly FaultPoint[] = [
  ...hostSteps,
  ...hostMoments,
  'daemon.create.own-bundle-written', 'daemon.start.before-take', 'daemon.take.sent', 'shim.take.after-create', 'shim.take.before-watch', 'daemon.start.taken',
  'daemon.start.before-watch', 'daemon.create.told', 'daemon.start.before-runtime', 'daemon.start.started', 'daemon.start-task.started', 'daemon.start-task.told',
  'daemon.exec.before-take', 'daemon.exec.taken',
  'shim.end.status', 'shim.end.kill-all', 'shim.end.tell', 'shim.end.delete', 'shim.end.deleted', 'shim.end.let-go',
  'daemon.delete.before-abort', 'daemon.delete.deleted', 'daemon.delete.removed',
];
const failures: readonly FaultPoint[] = [...hostSteps, 'shim.take.after-create', 'shim.take.before-watch', 'daemon.start.before-runtime', 'shim.end.kill-all', 'shim.end.delete'];
const errors = ['EIO', 'ENOSPC', 'EMFILE'];

/** Where the program is another one's second. */
const ofSecond: readonly FaultPoint[] = [...toldMoments, 'shim.host.before-limits', 'shim.host.ready'];

interface Case {
  readonly title: string;
  /** Without the mark. */
  readonly fault: string;
  /** From when on it may come. `second`: a stub waits for the program. */
  readonly from: 'begin' | 'exec' | 'second';
}

const cases: readonly Case[] = [
  ...kills.map((point): Case => ({ title: `${point}: kill`, fault: `${point}=kill`, from: 'begin' })),
  // Of the steps that make a process, also those of the exec that comes second.
  ...(['shim.host.before-spawn', 'shim.host.spawned', 'shim.host.ready'] as const).map((point): Case => ({ title: `${point}, of an exec: kill`, fault: `${point}=kill`, from: 'exec' })),
  ...ofSecond.map((point): Case => ({ title: `${point}, of the stub that waited: kill`, fault: `${point}=kill`, from: 'second' })),
  ...failures.flatMap((point) => errors.map((errno): Case => ({ title: `${point}: ${errno}`, fault: `${point}=${errno}`, from: 'begin' }))),
];

/** Whose daemon or shim may die at any moment: what a client does then is ask again. */
class Life {
  private readonly starts: string;
  private readonly stdio: ClientStdio;
  private programs: HostPrograms;

  constructor(private readonly host: TestHost) {
    this.starts = host.own('starts');
    this.stdio = new ClientStdio(`${host.directory}/stdio/one`, false).open();
    this.programs = new HostPrograms(host);
  }

  /** Another program goes before, and has a stub wait for this one. */
  async beSecond(): Promise<void> {
    await stubThatWaits(this.host, this.programs);
  }

  /** Calls until it is answered, or refused. Of a daemon that has died, another takes the place. */
  async ask<T>(call: (programs: HostPrograms) => Promise<T>): Promise<T | ServiceError> {
    const { daemon } = this.host;
    try {
      return await call(this.programs);
    } catch (error) {
      const refusal = error as ServiceError;
      if (refusal.code !== status.UNAVAILABLE && !daemon.hasEnded) return refusal;
      await within(daemon.exited, `the end of the daemon that broke a connection (${refusal.message})`);
      await this.host.startDaemon(this.host.daemonOptions);
      this.programs = new HostPrograms(this.host);
      return refusal;
    }
  }

  async state(execId = ''): Promise<string> {
    for (;;) {
      const { daemon } = this.host;
      const state = await this.ask((programs) => programs.statusOf('one', execId));
      if (typeof state === 'string') return state;
      if (state.code === status.NOT_FOUND) return 'NONE';
      if (daemon === this.host.daemon) throw state;
    }
  }

  /** Asks until it has come so far. @param states where it has @param from where it is when nothing was done */
  async reach(states: readonly string[], from: string, act: (programs: HostPrograms) => Promise<unknown>, execId = ''): Promise<void> {
    let last: unknown;
    for (let attempt = 1; attempt <= 5; attempt += 1) {
      last = await this.ask(act);
      const state = await this.state(execId);
      if (states.includes(state)) return;
      // Whatever failed has changed nothing.
      if (state !== from) throw new Error(`it is ${state}, and was ${from}: ${String(last)}`);
    }
    throw new Error(`it is still ${from}: ${String(last)}`);
  }

  /** @param beforeExec is done while the program runs */
  async live(beforeExec: () => void): Promise<void> {
    const args = ['sh', '-c', `echo "$$" >>'${this.starts}'; sleep 1000 & read line; exit 7`];
    let isRecorded = false;
    await this.reach(['CREATED'], 'NONE', async (programs) => {
      if (isRecorded) await programs.createTask('one', this.stdio.paths);
      else {
        isRecorded = true;
        await programs.createProgram('one', { args }, this.stdio.paths);
      }
    });
    await this.reach(['RUNNING', 'STOPPED'], 'CREATED', (programs) => programs.start('one'));
    beforeExec();
    await this.exec();
    await this.stdio.stdin.write('end\n');
    for (let state = await this.state(); state !== 'STOPPED'; state = await this.state()) await this.ask((programs) => programs.wait('one'));
    const { exit_status: ended } = (await this.ask((programs) => programs.wait('one'))) as { readonly exit_status: number };
    expect(ended).toBe(7);
    await this.reach(['NONE'], 'STOPPED', (programs) => programs.delete('one'));
    expect(readFileSync(this.starts, 'utf8').trim().split('\n')).toHaveLength(1);
  }

  /** One exec, which is over before the program is. */
  private async exec(): Promise<void> {
    const args = ['sh', '-c', 'exit 5'];
    await this.reach(['CREATED'], 'NONE', (programs) => programs.registerProgram('one', 'look', { args }), 'look');
    let isAsked = false;
    await this.reach(['RUNNING', 'STOPPED'], 'CREATED', async (programs) => {
      // One that could not be started is not started again: it is named anew.
      if (isAsked) await programs.deleteExec('one', 'look');
      if (isAsked) await programs.registerProgram('one', 'look', { args });
      isAsked = true;
      await programs.start('one', 'look');
    }, 'look');
    for (let state = await this.state('look'); state !== 'STOPPED'; state = await this.state('look')) await this.ask((programs) => programs.wait('one', 'look'));
    await this.reach(['NONE'], 'STOPPED', (programs) => programs.deleteExec('one', 'look'), 'look');
  }

  close(): void {
    this.stdio.close();
  }
}

describeOnHost('a host program, whatever step fails or is the last', realContainers, () => {
  let faults: Faults;
  const shared = new SharedHost((host) => {
    faults = new Faults(host, cases.map(({ fault }) => fault));
    return faults.daemonOptions;
  });
  let host: TestHost;
  beforeEach(async () => { host = await shared.take(); });
  afterEach(async () => {
    faults.disarm();
    try {
      // The first program of a shim goes another way than the next ones: each test has one of its own.
      await endShims(host);
    } finally {
      await shared.giveBack();
    }
  });
  afterAll(() => shared.close());

  test.each(cases)('$title', async ({ fault, from }) => {
    const life = new Life(host);
    try {
      if (from === 'second') await life.beSecond();
      if (from !== 'exec') faults.arm(fault);
      await life.live(() => { if (from === 'exec') faults.arm(fault); });
      expect(faults.haveStruck).toBe(true);
    } finally {
      life.close();
    }
  });
});
