import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { status } from '@grpc/grpc-js';

import type { Checkpoint } from '../../src/api/gen/legacy/api';
import { failureOf } from '../support/failure';
import { FifoWriter, makeFifo } from '../support/fifo';
import { untilExists } from '../support/files';
import { processesNaming, waitForExit } from '../support/processes';
import { RecordingRuntime } from '../support/recording-runtime';
import { worksHere } from '../support/criu';
import { describeOnHost, realContainers } from '../support/requires';
import { SharedHost } from '../support/shared-host';
import { TestHost } from '../support/test-host';

const plain: Checkpoint = { name: 'one', exit: false, tcp: false, unixSockets: false, shell: false, emptyNS: [] };
const full: Checkpoint = { name: 'two', exit: true, tcp: true, unixSockets: true, shell: true, emptyNS: ['network', 'ipc'] };

/** In place of criu's restore: a new container, by the arguments of a restore. */
const restoreAnew = [
  'global=; while [ "$1" != restore ]; do global="$global $1"; shift; done',
  'while [ $# -gt 1 ]; do case $1 in --bundle) bundle=$2;; --pid-file) pid=$2;; esac; shift; done',
  'runc $global create --bundle "$bundle" --pid-file "$pid" "$1" && exec runc $global start "$1"; exit',
].join('\n');

describeOnHost('checkpoints, with a runtime that only says that it made them', realContainers, () => {
  const shared = new SharedHost();
  let host: TestHost;
  let place: string;
  beforeEach(async () => {
    host = await shared.take();
    place = host.own('checkpoints');
  });
  afterEach(async () => {
    await host.end();
    await shared.giveBack();
  });
  afterAll(() => shared.close());

  async function box(instead: Readonly<Record<string, string>> = { checkpoint: 'exit' }): Promise<RecordingRuntime> {
    const runtime = new RecordingRuntime(host.own('runtime'), instead);
    await host.create('box', { args: ['sleep', '1000'] }, runtimeOf(runtime));
    return runtime;
  }
  const runtimeOf = ({ path }: RecordingRuntime) => ({ runtime: path, runtimeArgs: ['--root', host.runtimeRoot] });
  const make = (checkpoint: Checkpoint, checkpointDir = place, signal?: AbortSignal) =>
    host.client.createCheckpoint({ id: 'box', checkpoint, checkpointDir }, signal === undefined ? {} : { signal });
  const list = async (checkpointDir = place) => (await host.client.listCheckpoints('box', checkpointDir)).checkpoints;
  const bundle = () => join(host.directory, 'bundles/box');

  test('are asked of it with the flags that are asked for, described, listed and deleted', async () => {
    const runtime = await box();
    const before = Date.now();
    expect(await list()).toEqual([]);
    await make(plain);
    await make(full);
    const paths = (name: string) => `--image-path ${place}/${name} --work-path ${place}/${name}/criu.work`;
    expect(runtime.calls('checkpoint')).toEqual([
      `checkpoint ${paths('one')} --leave-running box`,
      `checkpoint ${paths('two')} --shell-job --tcp-established --ext-unix-sk --empty-ns network --empty-ns ipc box`,
    ]);
    expect(await list()).toEqual([plain, full]);
    const { created, ...described } = JSON.parse(readFileSync(join(place, 'two/config.json'), 'utf8')) as Checkpoint & { created: string };
    expect(described).toEqual(full);
    expect(created).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
    expect(Date.parse(created)).toBeGreaterThanOrEqual(before);
    await host.client.deleteCheckpoint('box', 'one', place);
    expect(await list()).toEqual([full]);
    expect(readdirSync(place)).toEqual(['two']);
  });

  test('lie in the bundle where no other place is named', async () => {
    await box();
    await make(plain, '');
    expect(existsSync(join(bundle(), 'checkpoints/one/config.json'))).toBe(true);
    expect(await list('')).toEqual([plain]);
    await host.client.deleteCheckpoint('box', 'one', '');
    expect(await list('')).toEqual([]);
  });

  test("are restored from with the checkpoint's own flags, and without a start", async () => {
    const runtime = await box({ checkpoint: 'exit', restore: restoreAnew });
    await make(full);
    const events = await host.events({ id: 'back' });
    const request = { ...runtimeOf(runtime), checkpoint: 'two', checkpointDir: place, noPivotRoot: true };
    const { container } = await host.create('back', { args: ['sleep', '1000'] }, request);
    expect(container).toMatchObject({ id: 'back', status: 'running', processes: [{ pid: 'init' }] });
    expect(runtime.calls('restore')).toHaveLength(1);
    const [call = ''] = runtime.calls('restore');
    expect(call.replace(/restore-[-:.TZ\d]+/, 'restore-<time>')).toBe(
      `restore -d --image-path ${place}/two --work-path ${place}/two/criu.work/restore-<time> ` +
        `--bundle ${host.directory}/bundles/back --shell-job --tcp-established --ext-unix-sk --empty-ns network --empty-ns ipc ` +
        `--no-pivot --pid-file ${host.stateDir}/back/init/pid back`,
    );
    expect(runtime.calls('start')).toEqual(['start box']);
    await host.client.signal('back', 9);
    await events.untilExit('back');
    expect(events.linesOf('back')).toEqual(['start-container', 'exit init 137']);
  });

  test('that are not there cannot be restored from, and nothing is made', async () => {
    const runtime = await box();
    mkdirSync(place);
    const request = { ...runtimeOf(runtime), checkpoint: 'none', checkpointDir: place };
    const error = await failureOf(host.create('back', { args: ['true'] }, request));
    expect(error.details).toContain(`${place}/none/config.json`);
    expect(readdirSync(place)).toEqual([]);
    expect(host.containerDirectories()).toEqual(['box']);
  });

  test("that it could not make leave nothing, and its own message comes back", async () => {
    await box({ checkpoint: `echo '{"level":"error","msg":"criu failed: type NOTIFY errno 0"}' >> "$log"; exit 1` });
    expect((await failureOf(make(plain))).details).toBe('oci runtime error: criu failed: type NOTIFY errno 0');
    expect(await list()).toEqual([]);
    expect(readdirSync(place)).toEqual([]);
    expect((await host.client.state('box')).containers[0]?.status).toBe('running');
  });

  test('are not listed half-made: cut off by the client, or by the death of the daemon', async () => {
    const fifo = host.own('never');
    const called = host.own('called');
    makeFifo(fifo);
    await box({ checkpoint: `: > '${called}'; read line < '${fifo}'; exit 1` });
    const call = new AbortController();
    const cut = failureOf(make(plain, place, call.signal));
    await untilExists(called);
    call.abort();
    expect((await cut).code).toBe(status.CANCELLED);
    // The container's requests are worked on in order: this one waits until the other is undone.
    expect(await list()).toEqual([]);
    expect(readdirSync(place)).toEqual([]);

    execFileSync('rm', [called]);
    const lost = failureOf(make(full));
    await untilExists(called);
    await host.stopDaemon('SIGKILL');
    await lost;
    await host.startDaemon();
    expect(readdirSync(place)).toEqual(['two']);
    expect(await list()).toEqual([]);
    const gate = new FifoWriter(fifo);
    const orphans = processesNaming(' checkpoint ').filter(({ commandLine }) => commandLine.includes(place));
    await gate.write('go\n');
    await Promise.all(orphans.map(({ pid }) => waitForExit(pid)));
    gate.close();
    await host.client.deleteCheckpoint('box', 'two', place);
    expect(readdirSync(place)).toEqual([]);
  });

  test('are told from what else lies there', async () => {
    await box();
    await make(plain);
    mkdirSync(join(place, 'empty'));
    mkdirSync(join(place, 'broken'));
    writeFileSync(join(place, 'broken/config.json'), '{"name":');
    writeFileSync(join(place, 'file'), '');
    expect(await list()).toEqual([plain]);
  });

  test('need a container and a name, and are made once', async () => {
    await box();
    await make(plain);
    expect((await failureOf(make(plain))).details).toBe(`checkpoint ${place}/one already exists`);
    expect(await list()).toEqual([plain]);
    expect(await failureOf(host.client.listCheckpoints('nobody', place))).toMatchObject({
      code: status.NOT_FOUND,
      details: 'no such containers',
    });
    expect((await failureOf(host.client.deleteCheckpoint('nobody', 'one', place))).details).toBe('containerd: container not found');
    expect((await failureOf(host.client.deleteCheckpoint('box', '', place))).details).toBe('checkpoint name cannot be empty');
    expect((await failureOf(host.client.deleteCheckpoint('box', 'two', place))).details).toBe('checkpoint two does not exist');
    for (const name of ['..', '.', 'a/b', 'x'.repeat(256)]) {
      for (const call of [make({ ...plain, name }), host.client.deleteCheckpoint('box', name, place)]) {
        expect((await failureOf(call)).code).toBe(status.INVALID_ARGUMENT);
      }
    }
    expect(readdirSync(place)).toEqual(['one']);
  });
});

describeOnHost('checkpoints by criu', [...realContainers, 'criu'], () => {
  // A criu may be older than the kernel that it is to understand; then the runtime says so.
  const works = worksHere();

  test(works ? 'are made and restored from' : 'fail on this kernel, and the runtime says so', async () => {
    const host = await TestHost.withDaemon();
    const place = host.own('checkpoints');
    try {
      const events = await host.events();
      await host.create('counts', { args: ['sh', '-c', 'i=0; while :; do i=$((i+1)); sleep 1; done'] });
      const made = host.client.createCheckpoint({ id: 'counts', checkpoint: { ...plain, exit: true }, checkpointDir: place });
      if (works) {
        await made;
        await events.untilExit('counts');
        await host.create('again', { args: ['sleep', '1'] }, { checkpoint: 'one', checkpointDir: place });
        expect((await host.client.state('again')).containers[0]?.status).toBe('running');
      } else {
        expect((await failureOf(made)).details).toMatch(/^oci runtime error: .*criu/i);
        expect((await host.client.listCheckpoints('counts', place)).checkpoints).toEqual([]);
        expect((await host.client.state('counts')).containers[0]?.status).toBe('running');
      }
      await host.end();
    } finally {
      await host.cleanUp();
    }
  });
});
