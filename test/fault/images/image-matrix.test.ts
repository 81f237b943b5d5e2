import { type FaultPoint, imageMoments, imageSteps } from '../../../src/sys/fault-points';
import { ContentService as Content, WriteAction, WriteContentRequest } from '../../../src/api/gen/containerd/services/content/v1/content';
import { LeasesService as Leases } from '../../../src/api/gen/containerd/services/leases/v1/leases';
import { ContainerdClient } from '../../support/containerd-client';
import { digestOf } from '../../support/image-archive';
import { untilExists } from '../../support/files';
import { describeOnHost, realContainers } from '../../support/requires';
import { TestHost } from '../../support/test-host';
import { imageLife, put } from './image-scenarios';
import { Ordeal } from '../matrix/ordeal';
import { TaskOrdeal } from '../matrix/task-ordeal';

/** In the order in which a life comes to them: each strikes once, and whoever dies of one is followed by a daemon that has the others before it. */
const content: readonly FaultPoint[] = [
  'daemon.content.before-open', 'daemon.content.before-append', 'daemon.content.appended', 'daemon.content.before-flush', 'daemon.content.before-link', 'daemon.content.linked',
  'daemon.records.before-write', 'daemon.records.written', 'daemon.content.committed',
];
const snapshots: readonly FaultPoint[] = ['daemon.snapshot.before-rename', 'daemon.snapshot.made', 'daemon.snapshot.recorded', 'daemon.snapshot.before-measure'];
const layers: readonly FaultPoint[] = ['daemon.layer.launched', 'layers.apply.before-entry', 'daemon.layer.done'];
const removal: readonly FaultPoint[] = ['daemon.collect.recorded', 'daemon.collect.before-files', 'daemon.snapshot.before-removal', 'daemon.snapshot.renamed'];
const errors = ['EIO', 'ENOSPC', 'EMFILE'];
/** How often some are come to before a client asks for anything: at each start there is a run of the collector. */
const later = [2, 3, 5];

type Case = readonly [title: string, plan: readonly string[], life: { readonly sync: boolean }];
const cases: readonly Case[] = [
  ['killed while content is written', kills(content), { sync: true }],
  ['killed while snapshots are made', kills(snapshots), { sync: true }],
  ['killed while layers are unpacked', kills(layers), { sync: true }],
  ['killed while what nothing keeps is removed', kills(removal), { sync: true }],
  ['killed once more in each', [...content, ...snapshots, ...layers, ...removal].flatMap((point) => later.map((nth) => `${point}=kill:${String(nth)}`)), { sync: false }],
  ...errors.map((errno): Case => [`${errno} at each step`, fails([...content, ...snapshots, ...layers, ...removal], errno), { sync: false }]),
];

describeOnHost('whatever step of an image fails or is the last', realContainers, () => {
  test.each(cases)('%s', async (title, plan, life) => {
    const ordeal = new Ordeal();
    const tasks = new TaskOrdeal(ordeal);
    try {
      await ordeal.startAmong(plan);
      await imageLife(tasks, life);
      // Not every point is come to five times.
      if (!title.includes('once more')) await Promise.all(plan.map((fault) => untilExists(ordeal.mark(fault))));
      await ordeal.finish();
    } catch (error) {
      await ordeal.giveUp();
      throw error;
    }
  }, 180_000);

  test('a ref that is used anew, before anybody has looked for what a kill has left, harms no blob', async () => {
    const host = new TestHost();
    const connected = (): ContainerdClient => {
      const client = new ContainerdClient(host.socketPath);
      host.closeAtEnd(() => { client.close(); });
      return client;
    };
    const [killed, theirs] = [Buffer.from('its daemon is killed'), Buffer.from('of another namespace')];
    await host.startDaemon({ env: { HOLDFAST_FAULTS: 'daemon.content.committed=kill:2' } });
    for (const namespace of ['a', 'b']) await connected().ask(Leases.create, { id: 'l', labels: new Map() }, namespace);
    await put(connected(), 'b', theirs, { lease: 'l', ref: 'r', labels: new Map() });
    await expect(put(connected(), 'a', killed, { lease: 'l', ref: 'r', labels: new Map() })).rejects.toMatchObject({ code: 14 });
    await host.daemon.exited;
    // Its collector comes no further, so what was left stays.
    await host.startDaemon({ env: { HOLDFAST_FAULTS: 'daemon.collect.before-files=EIO' } });
    const client = connected();
    const call = client.duplex(Content.write, 'a', 'l');
    const opened = await call.send(WriteContentRequest.fromPartial({ ref: 'r', expected: digestOf(theirs), total: BigInt(theirs.length) }));
    expect(opened).toMatchObject({ offset: BigInt(theirs.length) });
    await call.send(WriteContentRequest.fromPartial({ action: WriteAction.WRITE, data: Buffer.from('!'), offset: BigInt(theirs.length) }));
    expect((await call.end()).status).toBe('OK');
    for (const [namespace, blob] of [['a', killed], ['b', theirs]] as const) {
      const pieces = await client.all(Content.read, { digest: digestOf(blob), offset: 0n, size: 0n }, namespace);
      expect(Buffer.concat(pieces.map(({ data }) => data))).toEqual(blob);
    }
    await host.cleanUp();
  });

  test('each point of images is among them', () => {
    const struck = new Set([...content, ...snapshots, ...layers, ...removal]);
    expect([...imageSteps, ...imageMoments].filter((point) => !struck.has(point))).toEqual([]);
  });
});

function kills(points: readonly FaultPoint[]): string[] {
  return points.map((point) => `${point}=kill`);
}

/** Where nothing can fail there is no error. */
function fails(points: readonly FaultPoint[], errno: string): string[] {
  const failing: readonly string[] = [...imageSteps, 'daemon.records.before-write'];
  return points.filter((point) => failing.includes(point)).map((point) => `${point}=${errno}`);
}
