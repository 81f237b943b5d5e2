import { mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { APIService } from '../../../src/api/gen/legacy/api';
import type { Event, EventsRequest } from '../../../src/api/gen/legacy/api';
import { ClientProcess } from '../../legacy-client/container';
import { CallError, LegacyConnection } from '../../legacy-client/wire';
import { within } from '../../support/deadline';
import { lineOf, nanosecondsOf } from '../../support/event-log-reader';
import { Figures } from '../../support/figures';
import { untilIn } from '../../support/files';
import { fitToThisHost, oldSpecs } from '../../support/old-spec';
import { Recorder } from '../../support/recorder';
import { describeOnHost, realContainers } from '../../support/requires';
import { sharedRootfs } from '../../support/rootfs';
import { TestHost } from '../../support/test-host';
import { expectWorking } from '../../support/untouched';
import { writeRuntimeInRoot } from '../../support/runtime-in-root';
import { greeting, recordings, request, split } from '../../unit/api/wire/frame-kit';
import { RawClient } from '../../unit/api/wire/wire-harness';

const subscribers = 'holdfast_event_subscribers';
const everything = APIService.events.requestDeserialize(Buffer.alloc(0));

describeOnHost('the wire of old dockerds, at the real daemon', realContainers, () => {
  let host: TestHost;
  let figures: Figures;
  beforeEach(async () => {
    host = new TestHost();
    figures = await Figures.onFreePort();
    writeFileSync(host.own('config.toml'), `[runtimes]\ndocker-runc = "${writeRuntimeInRoot(host)}"\n`);
    await host.startDaemon({ flags: ['--config', host.own('config.toml'), '--metrics-address', figures.address] });
  });
  afterEach(() => host.cleanUp());

  describe.each(recordings())('the recording of $name', ({ name, bytes }) => {
    /** Where dockerd has its containers, and a path of the same length that leads to a directory of the test's. */
    const recorded = '/var/run/docker/libcontainerd';
    const ours = join(tmpdir(), randomBytes(32).toString('hex')).slice(0, recorded.length);
    afterEach(() => {
      rmSync(ours, { force: true });
    });

    test.each([
      ['in one piece', bytes.length],
      ['in pieces of seven bytes', 7],
    ])('runs its container when it comes %s', async (_how, length) => {
      mkdirSync(host.own('docker'));
      symlinkSync(host.own('docker'), ours);
      // The header blocks have the path in Huffman's code: this changes the messages alone, and no length.
      const replayed = Buffer.from(bytes.toString('latin1').replaceAll(`${recorded}/`, `${ours}/`), 'latin1');
      const id = /libcontainerd\/([0-9a-f]{64})/.exec(bytes.toString('latin1'))?.[1] ?? '';
      const bundle = join(ours, id);
      mkdirSync(bundle);
      const text = oldSpecs().find((spec) => spec.name.startsWith(name.replace('.bin', '')))?.text ?? '';
      writeFileSync(join(bundle, 'config.json'), fitToThisHost(text, { rootfs: sharedRootfs(), cgroupsPath: `${host.cgroup}/${id}` }));
      const init = new ClientProcess('init', bundle, false).makeFifos().openEnds();
      const events = await host.events();

      const client = new RawClient(host.socketPath);
      await client.send(split(replayed, [length]));
      const exit = await events.untilExit(id);
      expect(exit.status).toBe(0);
      expect(await init.stdout.untilEnd()).toBe('hi\n');
      // The recorded subscription, on stream 1, is told as well: headers, start and exit.
      await within(client.until(() => client.frames.filter(({ type, streamId }) => type === 0 && streamId === 1).length >= 2), 'two events');
      const answers = [...client.answers].filter(([streamId]) => streamId !== 1).map(([, answer]) => answer);
      await within(client.until(() => answers.every((answer) => answer.ended)), 'all answers');
      expect(answers.map((answer) => answer.fields.get('grpc-status'))).not.toContain(undefined);
      expect(client.goaway).toBeUndefined();
      await client.close();
      init.closeEnds();
      events.close();
      await figures.until(subscribers, 0);
    });
  });

  test.each<[string, () => readonly Buffer[]]>([
    ['that speaks another protocol', () => [Buffer.from('GET / HTTP/1.1\r\nHost: docker\r\n\r\n')]],
    ['whose first frame is no SETTINGS', () => [greeting().subarray(0, 24), request(1, '/types.API/State')]],
    ['that sends a frame beyond all bounds', () => [greeting(), request(1, '/types.API/State'), Buffer.from('ffffff000000000001', 'hex')]],
    ['whose header block is no HPACK', () => [greeting(), request(1, '/types.API/State'), Buffer.from('000001010500000003ff', 'hex')]],
    ['that continues what never began', () => [greeting(), request(1, '/types.API/State'), Buffer.from('000000090400000003', 'hex')]],
  ])('a connection %s is told goodbye and logged, and nobody else hears of it', async (_title, bytes) => {
    const bystander = new LegacyConnection(host.socketPath);
    const seen = new Recorder<Event>(lineOf);
    const stream = bystander.stream(APIService.events, everything, (event) => { seen.add(event); });
    await stream.opened;
    const client = new RawClient(host.socketPath);
    await client.send(bytes());
    await within(client.until(() => client.closed), 'the end of the connection');
    expect(client.goaway).toMatchObject({ code: expect.any(Number) as number });
    expect(client.goaway?.code).not.toBe(0);
    const lines = host.daemon.log().split('\n').filter((line) => line.includes('a malformed connection was closed'));
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 'warn', err: { message: expect.any(String) as string } });
    await expectWorking(host);
    await seen.until((event) => event.type === 'exit', 'the exit');
    expect(seen.items.map((event) => `${event.id} ${lineOf(event)}`)).toEqual(['afterwards start-container', 'afterwards exit init 5']);
    bystander.close();
  });

  test('an error text arrives as it is, spaces and all, and what is not printable ASCII encoded', async () => {
    const connection = new LegacyConnection(host.socketPath);
    const failure = (id: string): Promise<unknown> =>
      connection.unary(APIService.state, { id }).then(
        () => undefined,
        (error: unknown) => error,
      );
    expect(await failure('ghost')).toMatchObject({ code: 2, details: 'containerd: container not found' });
    const error = await failure('100%/ü');
    expect(error).toBeInstanceOf(CallError);
    expect(error).toMatchObject({ code: 3, details: expect.stringContaining('100%25/%C3%BC') as string });
    connection.close();
  });

  test('the headers of Events come at once, and the time of an event in both forms', async () => {
    const connection = new LegacyConnection(host.socketPath);
    const seen = new Recorder<Event>(lineOf);
    const stream = connection.stream(APIService.events, everything, (event) => { seen.add(event); });
    await within(stream.opened, 'the headers');
    expect(seen.items).toEqual([]);
    await expectWorking(host, 'timed');
    const last = await seen.until((event) => event.type === 'exit', 'the exit');
    expect(last.seconds).toBeGreaterThan(1_500_000_000n);
    expect(last.seconds).toBe(last.timestamp?.seconds);
    // The oldest clients know the deprecated field only: strictly newer than that second.
    const since = (seconds: bigint): Promise<string[]> => storedSince(connection, seconds);
    expect(await since(last.seconds - 60n)).toEqual(['start-container', 'exit init 5']);
    expect(await since(last.seconds + 60n)).toEqual([]);
    connection.close();
  });

  test('one of the first days hears once, after the replay, that events are live from here', async () => {
    await expectWorking(host, 'past');
    const connection = new LegacyConnection(host.socketPath);
    const follow = async (request: Partial<EventsRequest>): Promise<Recorder<Event>> => {
      const seen = new Recorder<Event>(lineOf);
      const whole = { seconds: 0n, timestamp: undefined, storedOnly: false, id: '', ...request };
      await within(connection.stream(APIService.events, whole, (event) => { seen.add(event); }).opened, 'the headers');
      return seen;
    };
    const oldest = await follow({ seconds: 1n });
    const ofOne = await follow({ seconds: 1n, id: 'next' });
    const others = [await follow({}), await follow({ timestamp: { seconds: 1n, nanos: 0 } }), await follow({ seconds: 1n, timestamp: { seconds: 1n, nanos: 0 } })];
    await expectWorking(host, 'next');
    for (const seen of [oldest, ofOne, ...others]) await seen.until((event) => event.id === 'next' && event.type === 'exit', 'the exit');
    const next = ['start-container', 'exit init 5'];
    expect(oldest.items.map(lineOf)).toEqual(['start-container', 'exit init 5', 'live', ...next]);
    expect(ofOne.items.map(lineOf)).toEqual(['live', ...next]);
    for (const seen of others) expect(seen.items.map(({ type }) => type)).not.toContain('live');
    const live = oldest.items[2];
    expect(live).toMatchObject({ id: '', pid: '', status: 0 });
    expect(live?.seconds).toBe(live?.timestamp?.seconds);
    const times = oldest.items.map(nanosecondsOf);
    expect(times).toEqual([...times].sort((a, b) => (a < b ? -1 : 1)));
    // Nothing goes live where the stream ends with the replay.
    expect(await storedSince(connection, 1n)).not.toContain('live');
    connection.close();
  });

  async function storedSince(connection: LegacyConnection, seconds: bigint): Promise<string[]> {
    const lines: string[] = [];
    const wanted = { seconds, timestamp: undefined, storedOnly: true, id: '' };
    await connection.stream(APIService.events, wanted, (event) => lines.push(lineOf(event))).ended;
    return lines;
  }

  test('subscribers that die are gone, with their cursors', async () => {
    // The first container, so that the shim is there, with its connection.
    await expectWorking(host, 'before');
    // What it has left is taken apart beside the loop, with descriptors for that.
    const trash = join(`${host.stateDir}.holdfast`, 'trash');
    await untilIn(trash, () => readdirSync(trash).length === 0, 'an empty trash');
    const descriptors = await figures.read('holdfast_open_fds');
    const connections = Array.from({ length: 20 }, (_, index) =>
      new LegacyConnection(host.socketPath, index % 2 === 0 ? undefined : 'localhost'));
    const streams = connections.flatMap((connection) => [0, 1].map(() => connection.stream(APIService.events, everything, () => undefined)));
    await Promise.all(streams.map((stream) => stream.opened));
    expect(await figures.read(subscribers)).toBe(40);
    // One stream of each is given up, and then the whole connection dies under the other.
    for (const [index, stream] of streams.entries()) if (index % 2 === 0) stream.close();
    await figures.until(subscribers, 20);
    for (const connection of connections) connection.close();
    await figures.until(subscribers, 0);
    await figures.untilAtMost('holdfast_open_fds', descriptors);
    await expectWorking(host);
  });
});
