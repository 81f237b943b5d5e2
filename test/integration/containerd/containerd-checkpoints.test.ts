import { existsSync, mkdtempSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { TaskCheckpointed } from '../../../src/api/gen/containerd/events/task';
import { CheckpointOptions, Options } from '../../../src/api/gen/containerd/runtimes/runc-options';
import { ContainersService as Containers } from '../../../src/api/gen/containerd/services/containers/v1/containers';
import { ContentService as Content } from '../../../src/api/gen/containerd/services/content/v1/content';
import { EventsService as Events } from '../../../src/api/gen/containerd/services/events/v1/events';
import { LeasesService as Leases } from '../../../src/api/gen/containerd/services/leases/v1/leases';
import { type CheckpointTaskResponse, TasksService as Tasks } from '../../../src/api/gen/containerd/services/tasks/v1/tasks';
import type { Descriptor } from '../../../src/api/gen/containerd/types/descriptor';
import type { Envelope } from '../../../src/api/gen/containerd/types/envelope';
import { Any } from '../../../src/api/gen/google/protobuf/any';
import { TarReader } from '../../../src/images/tar/reader';
import { type FaultPoint, checkpointMoments } from '../../../src/sys/fault-points';
import { CheckpointRuntime } from '../../support/checkpoint-runtime';
import type { DaemonProcess } from '../../support/daemon-process';
import { within } from '../../support/deadline';
import { failureOf } from '../../support/failure';
import { Recorder } from '../../support/recorder';
import { describeOnHost, realContainers } from '../../support/requires';
import { SharedHost } from '../../support/shared-host';
import { TaskHost } from '../../support/task-host';
import type { TestHost } from '../../support/test-host';
import { until } from '../../support/until';

const lease = 'of-the-client';
const imageType = 'application/vnd.containerd.container.criu.checkpoint.criu.tar';
const configType = 'application/vnd.containerd.container.checkpoint.config.v1+proto';

describeOnHost('Tasks/Checkpoint, and Create from one, with a runtime that does without criu', realContainers, () => {
  const shared = new SharedHost();
  let host: TestHost;
  let tasks: TaskHost;
  beforeEach(async () => {
    host = await shared.take();
    tasks = new TaskHost(host);
    await tasks.ask(Leases.create, { id: lease, labels: new Map() });
  });
  afterEach(async () => {
    await tasks.ask(Leases.delete, { id: lease, sync: true });
    await until('the blobs of the lease to be gone', blobs, (left) => left.length === 0);
    await shared.giveBack();
  });
  afterAll(() => shared.close());

  /** Clients of a daemon end with it. */
  const restart = async (signal: NodeJS.Signals, faults = ''): Promise<DaemonProcess> => {
    await host.stopDaemon(signal);
    const daemon = await host.startDaemon(faults === '' ? {} : { env: { HOLDFAST_FAULTS: faults } });
    tasks = new TaskHost(host);
    return daemon;
  };
  const again = async (daemon: DaemonProcess): Promise<void> => {
    await within(daemon.exited, 'the end of the daemon', 60_000, () => daemon.log());
    await restart('SIGKILL');
  };
  const optionsOf = ({ path }: CheckpointRuntime): Any => ({
    type_url: 'containerd.runc.v1.Options',
    value: Buffer.from(Options.encode(Options.fromPartial({ binary_name: path })).finish()),
  });
  const box = async (instead: Readonly<Record<string, string>> = {}): Promise<CheckpointRuntime> => {
    const runtime = new CheckpointRuntime(host.own('runtime'), instead);
    await tasks.create('box', { args: ['sleep', '1000'] }, { options: optionsOf(runtime) });
    await tasks.start('box');
    return runtime;
  };
  const make = (options: Partial<CheckpointOptions> = {}, id = 'box'): Promise<CheckpointTaskResponse> => {
    const any = { type_url: 'containerd.runc.v1.CheckpointOptions', value: Buffer.from(CheckpointOptions.encode(CheckpointOptions.fromPartial(options)).finish()) };
    return tasks.client.ask(Tasks.checkpoint, { container_id: id, parent_checkpoint: '', options: any }, tasks.namespace, lease);
  };
  const blobs = async (): Promise<string[]> => (await tasks.client.all(Content.list, { filters: [] }, tasks.namespace)).flatMap(({ info }) => info.map(({ digest }) => digest)).sort();
  const bytesOf = async (one: Descriptor | undefined): Promise<Buffer> =>
    Buffer.concat((await tasks.client.all(Content.read, { digest: one?.digest ?? '', offset: 0n, size: 0n }, tasks.namespace)).map(({ data }) => data));
  const places = (): string[] => (existsSync(join(host.directory, 'root/images/checkpoints')) ? readdirSync(join(host.directory, 'root/images/checkpoints')) : []);
  const failure = async (work: Promise<unknown>): Promise<string> => {
    const { code, details } = await failureOf(work);
    return `${String(code)} ${details}`;
  };
  const restore = async (runtime: CheckpointRuntime, checkpoint: Descriptor | undefined): Promise<number> => tasks.create('back', { args: ['sleep', '1000'] }, { options: optionsOf(runtime), checkpoint });
  const lost = (digit: string): Descriptor => ({ media_type: imageType, digest: `sha256:${digit.repeat(64)}`, size: 1024n, annotations: new Map() });

  test('is the archive of what the runtime writes and the spec, in the lease of who asks; the task runs on, or stays paused', async () => {
    const seen = new Recorder<Envelope>(({ topic }) => topic);
    const subscription = await tasks.client.follow(Events.subscribe, { filters: ['topic=="/tasks/checkpointed"'] }, (envelope) => { seen.add(envelope); });
    host.closeAtEnd(() => { subscription.close(); });
    const runtime = await box();
    const { descriptors } = await make();
    expect(descriptors.map(({ media_type: type }) => type)).toEqual([imageType, configType]);
    const [image, config] = descriptors;
    const files = entriesOf(await bytesOf(image));
    expect([...files]).toEqual([['core-1.img', `image of ${runtime.calls('checkpoint')[0]?.split(' ').at(-1) ?? ''}\n`]]);
    const { container } = await tasks.ask(Containers.get, { id: 'box' });
    expect(Any.decode(await bytesOf(config))).toEqual(container?.spec);
    expect(descriptors.map(({ size }) => size)).toEqual([BigInt((await bytesOf(image)).length), BigInt((await bytesOf(config)).length)]);
    const { resources } = await tasks.ask(Leases.listResources, { id: lease });
    expect(resources.map(({ type, id }) => `${type} ${id}`).sort()).toEqual(descriptors.map(({ digest }) => `content ${digest}`).sort());
    await seen.until(({ event }) => TaskCheckpointed.decode(event?.value ?? Buffer.alloc(0)).container_id === 'box', 'the event of the checkpoint');
    expect([await tasks.statusOf('box'), places()]).toEqual(['RUNNING', []]);

    await tasks.ask(Tasks.pause, { container_id: 'box' });
    expect((await make()).descriptors[1]).toEqual(config);
    expect(await tasks.statusOf('box')).toBe('PAUSED');
    await tasks.ask(Tasks.resume, { container_id: 'box' });
    await make({ exit: true });
    expect((await tasks.wait('box')).exit_status).toBe(137);
    expect(await failure(make())).toBe('2 cannot checkpoint a stopped container: unknown');
    await tasks.delete('box');
  });

  test('is made with the flags that are asked for, and where that is asked for: there is no blob then', async () => {
    const runtime = await box();
    const image = join(mkdtempSync(join(host.directory, 'mine-')), 'image');
    const flags = { open_tcp: true, external_unix_sockets: true, terminal: true, file_locks: true, empty_namespaces: ['network', 'ipc'], cgroups_mode: 'soft' };
    expect((await make({ ...flags, image_path: image, work_path: host.own('work') })).descriptors).toEqual([]);
    expect([readdirSync(image), await blobs(), places()]).toEqual([['core-1.img'], [], []]);
    const [call = ''] = runtime.calls('checkpoint');
    expect(call.slice(0, call.lastIndexOf(' '))).toBe(`checkpoint --image-path ${image} --work-path ${host.own('work')} --leave-running --shell-job --tcp-established --ext-unix-sk --empty-ns network --empty-ns ipc --file-locks --manage-cgroups-mode soft`);
    expect(await failure(make({ image_path: 'relative' }))).toBe('3 a path of a checkpoint must be absolute: "relative": invalid argument');
    expect(await failure(make({}, 'nobody'))).toMatch(/^5 container "nobody" in namespace "tests": not found$/);
    await tasks.end('box');
  });

  test('is what a task is restored from, with all that its runtime wrote; it waits for its start across a restart of the daemon', async () => {
    const runtime = await box();
    const [image] = (await make({ exit: true })).descriptors;
    await tasks.wait('box');
    await tasks.delete('box');
    const pid = await restore(runtime, image);
    expect([readFileSync(runtime.seen, 'utf8'), await tasks.statusOf('back'), places()]).toEqual([expect.stringMatching(/^image of /), 'CREATED', []]);
    expect(runtime.calls('restore')).toHaveLength(1);
    await restart('SIGKILL');
    expect(await tasks.statusOf('back')).toBe('CREATED');
    expect([await tasks.start('back'), await tasks.statusOf('back')]).toEqual([pid, 'RUNNING']);
    // The one of the container that the checkpoint is of.
    expect(runtime.calls('start')).toHaveLength(1);
    expect(await failure(tasks.start('back'))).toBe('2 cannot start a running process: unknown');
    await tasks.end('back');
  });

  test('that is another kind of thing, is not there or cannot be restored from is refused, and nothing is left', async () => {
    const runtime = await box({ restore: `echo '{"level":"error","msg":"criu failed: type NOTIFY errno 0"}' >> "$log"; exit 1` });
    const [image, config] = (await make()).descriptors;
    const before = await blobs();
    const refusals: string[] = [];
    for (const one of [config, lost('0'), image]) {
      refusals.push(await failure(restore(runtime, one)));
      expect(await failure(tasks.get('back'))).toBe('5 task back not found');
      await tasks.ask(Containers.delete, { id: 'back' });
    }
    expect(refusals).toEqual([
      `2 unsupported checkpoint type "${configType}": unknown`,
      `5 content digest sha256:${'0'.repeat(64)}: not found`,
      '2 failed to create shim task: OCI runtime restore failed: criu failed: type NOTIFY errno 0: unknown',
    ]);
    expect([places(), await blobs()]).toEqual([[], before]);
    await tasks.end('box');
  });

  test('that the runtime cannot make leaves nothing, and its own words come back', async () => {
    await box({ checkpoint: `echo '{"level":"error","msg":"exec: \\"criu\\": executable file not found in $PATH"}' >> "$log"; exit 1` });
    expect(await failure(make())).toBe('2 OCI runtime checkpoint failed: exec: "criu": executable file not found in $PATH: unknown');
    expect([await tasks.statusOf('box'), places(), await blobs()]).toEqual(['RUNNING', [], []]);
    await tasks.end('box');
  });

  test("that criu cannot make comes back with what its log says, and not with the log's name, which is gone by then", async () => {
    await box({ checkpoint: [
      'while [ "$1" != --work-path ]; do shift; done',
      `printf '(00.1) Warn  (criu/x.c:1): odd\\n(00.2) Error (criu/files-reg.c:1790): no mount of \\033[1m/run/fifo\\n(00.3) Error (criu/cr-dump.c:2111): Dumping FAILED.\\n' > "$2/dump.log"`,
      `printf '{"level":"error","msg":"criu failed: type NOTIFY errno 0\\\\nlog file: %s/dump.log"}\\n' "$2" >> "$log"; exit 1`,
    ].join('\n') });
    expect(await failure(make())).toBe('2 OCI runtime checkpoint failed: criu failed: type NOTIFY errno 0 (no mount of ?[1m/run/fifo; Dumping FAILED.): unknown');
    const own = host.own('work');
    expect(await failure(make({ work_path: own }))).toBe(`2 OCI runtime checkpoint failed: criu failed: type NOTIFY errno 0\nlog file: ${own}/dump.log: unknown`);
    expect([await tasks.statusOf('box'), places(), await blobs()]).toEqual(['RUNNING', [], []]);
    await tasks.end('box');
  });

  test.each(checkpointMoments.filter((point) => point !== 'daemon.checkpoint.unpacked'))('leaves nothing half where the daemon is killed at %s, and can be made again', async (point: FaultPoint) => {
    await box();
    const daemon = await restart('SIGTERM', `${point}=kill`);
    await failureOf(make());
    await again(daemon);
    await tasks.ask(Leases.delete, { id: lease, sync: true });
    await until('nothing to be left of it', async () => [...places(), ...(await blobs())], (left) => left.length === 0);
    await tasks.ask(Leases.create, { id: lease, labels: new Map() });
    expect((await make()).descriptors).toHaveLength(2);
    expect(await tasks.statusOf('box')).toBe('RUNNING');
    await tasks.end('box');
  });

  test('that was being restored from when the daemon was killed leaves no files, and no task', async () => {
    const runtime = await box();
    const [image] = (await make()).descriptors;
    const daemon = await restart('SIGTERM', 'daemon.checkpoint.unpacked=kill');
    await failureOf(restore(runtime, image));
    await again(daemon);
    await until('its files to be gone', places, (left) => left.length === 0);
    expect(await failure(tasks.get('back'))).toBe('5 task back not found');
    await tasks.createTask('back', { options: optionsOf(runtime), checkpoint: image });
    await tasks.start('back');
    for (const id of ['box', 'back']) await tasks.end(id);
  });
});

/** Contents of files, by their names. */
function entriesOf(archive: Buffer): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  let path: string | undefined;
  const reader = new TarReader({
    begin: (entry) => {
      path = entry.kind === 'file' ? entry.path : undefined;
      if (path !== undefined) found.set(path, '');
    },
    data: (bytes) => { if (path !== undefined) found.set(path, `${found.get(path) ?? ''}${bytes.toString()}`); },
    end: () => undefined,
  });
  reader.push(archive);
  reader.finish();
  return found;
}
