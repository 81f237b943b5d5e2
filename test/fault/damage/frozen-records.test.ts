import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { ContainersService } from '../../../src/api/gen/containerd/services/containers/v1/containers';
import { ContentService, WriteAction, WriteContentRequest } from '../../../src/api/gen/containerd/services/content/v1/content';
import { LeasesService } from '../../../src/api/gen/containerd/services/leases/v1/leases';
import { SnapshotsService } from '../../../src/api/gen/containerd/services/snapshots/v1/snapshots';
import { ContainerdClient, containerOf } from '../../support/containerd-client';
import { failureOf } from '../../support/failure';
import { digestOf } from '../../support/image-archive';
import { describeOnHost, realContainers } from '../../support/requires';
import { TaskHost } from '../../support/task-host';
import { TestHost } from '../../support/test-host';
import { until } from '../../support/until';

const sleeper = { args: ['sleep', '1000'] };

describeOnHost('a disk that hangs in a write of a record', realContainers, () => {
  let host: TestHost;
  let root: string;
  let database: string;
  beforeEach(async () => {
    host = new TestHost();
    root = join(host.directory, 'root');
    database = join(root, 'holdfast.db');
    mkdirSync(root);
    const image = host.own('image');
    writeFileSync(image, '');
    truncateSync(image, 32 * 1024 * 1024);
    execFileSync('mkfs.ext4', ['-q', image]);
    execFileSync('mount', ['-o', 'loop', image, root]);
    await host.startDaemon();
  });
  afterEach(async () => {
    await host.stopDaemon();
    execFileSync('umount', [root]);
    await host.cleanUp();
  });

  /** What a client whose change came while the disk hung is told: it has waited, or the disk is known to hang. */
  const refusals = () => ({
    waited: { code: 14, details: expect.stringMatching(`^${database}: the disk has not answered for \\d+ s, whether the change is made is not known: unavailable$`) as string },
    known: { code: 14, details: expect.stringMatching(`^${database}: the disk has not answered for \\d+ s, nothing was changed: unavailable$`) as string },
  });
  const creating = (tasks: TaskHost, id: string) => tasks.ask(ContainersService.create, { container: containerOf(id, {}) });
  const listed = async (tasks: TaskHost) => (await tasks.ask(ContainersService.list, { filters: [] })).containers.map(({ id }) => id);

  test('costs that change, nobody else anything, and nothing for good', async () => {
    const tasks = new TaskHost(host);
    await tasks.create('web', sleeper);
    execFileSync('fsfreeze', ['--freeze', root]);
    try {
      const hanging = failureOf(creating(tasks, 'late'));
      // Reading, starts, an exec, ends and a deletion meanwhile; and health.
      expect(await listed(tasks)).toEqual(['web']);
      await tasks.start('web');
      await host.create('other', sleeper);
      await host.client.addProcess({ id: 'other', pid: 'one', args: ['true'], env: ['PATH=/bin'], cwd: '/' });
      expect(await host.client.isServing()).toBe(true);
      await host.end(['other']);
      await tasks.end('web');
      expect(await hanging).toMatchObject(refusals().waited);
      expect(await failureOf(creating(tasks, 'refused'))).toMatchObject(refusals().known);
      expect(await failureOf(tasks.ask(ContainersService.delete, { id: 'web' }))).toMatchObject(refusals().known);
    } finally {
      execFileSync('fsfreeze', ['--unfreeze', root]);
    }
    // Until the disk has answered, it is as it was.
    for (;;) {
      const refusal = await creating(tasks, 'next').then(() => undefined, (error: unknown) => error);
      if (refusal === undefined) break;
      expect(refusal).toMatchObject(refusals().known);
      await delay(20);
    }
    expect(host.daemon.log()).toContain('the disk of the records answers again');
    // What nobody knew is made; what was refused is not.
    expect(await listed(tasks)).toEqual(['late', 'next', 'web']);
    await host.restartDaemon('SIGKILL');
    expect(await listed(new TaskHost(host))).toEqual(['late', 'next', 'web']);
  });

  test.each(['blob', 'snapshot'])('takes no file of a %s away, whose record is made when it answers', async (what) => {
    const client = new ContainerdClient(host.socketPath);
    const images = join(root, 'images');
    mkdirSync(images);
    // The files' own disk answers: what they tell of is to be settled by the records alone.
    execFileSync('mount', ['-t', 'tmpfs', 'images', images]);
    try {
      await client.ask(LeasesService.create, { id: 'l', labels: new Map() }, 'tests');
      const bytes = Buffer.from('a blob');
      const writing = client.duplex(ContentService.write, 'tests', 'l');
      await writing.send(WriteContentRequest.fromPartial({ ref: 'r', action: WriteAction.STAT }));
      const snapshot = (key: string) => client.ask(SnapshotsService.prepare, { snapshotter: 'overlayfs', key, parent: '', labels: new Map([['containerd.io/gc.root', 'yes']]) }, 'tests');
      await snapshot('warm');
      execFileSync('fsfreeze', ['--freeze', root]);
      try {
        const answer = what === 'blob' ? await writing.send(WriteContentRequest.fromPartial({ action: WriteAction.COMMIT, data: bytes })) : await failureOf(snapshot('late'));
        expect(JSON.stringify(answer)).toContain('whether the change is made is not known');
      } finally {
        execFileSync('fsfreeze', ['--unfreeze', root]);
      }
      // Until the disk has answered, changes are refused.
      while (await snapshot('next').then(() => false, () => true)) await delay(20);
      if (what === 'blob') {
        const pieces = await client.all(ContentService.read, { digest: digestOf(bytes), offset: 0n, size: 0n }, 'tests');
        expect(Buffer.concat(pieces.map(({ data }) => data)).toString()).toBe('a blob');
      } else {
        const { mounts } = await client.ask(SnapshotsService.mounts, { snapshotter: 'overlayfs', key: 'late' }, 'tests');
        expect(existsSync(mounts[0]?.source ?? 'no mount')).toBe(true);
      }
    } finally {
      client.close();
      await host.stopDaemon();
      execFileSync('umount', [images]);
    }
  });

  test('holds up no daemon that comes after one that was killed there: it manages what runs', async () => {
    const before = new TaskHost(host);
    const pid = await before.create('web', sleeper);
    await before.start('web');
    const killed = host.daemon;
    execFileSync('fsfreeze', ['--freeze', root]);
    try {
      // Of its own: the host's are closed with the daemon.
      const client = new ContainerdClient(host.socketPath);
      const hanging = failureOf(client.ask(ContainersService.create, { container: containerOf('late', {}) }, 'tests'));
      await expect(Promise.race([hanging, client.ask(ContainersService.get, { id: 'web' }, 'tests')])).resolves.toHaveProperty('container');
      // Other requests are answered before its thread has come to the disk: killed there, it would end.
      await until('a thread that waits for the disk', () => waitsForDisk(killed.pid), (waits) => waits);
      killed.kill('SIGKILL');
      // Its client sees its end at once, though its thread stays in the kernel; and all that it held is let go of.
      expect(await hanging).toMatchObject({ code: 14 });
      client.close();
      while (threadsOf(killed.pid) > 2) await delay(20);
      expect(killed.hasEnded).toBe(false);
      const next = await host.startDaemon();
      expect(next.log()).toContain('changes of records are refused');
      const tasks = new TaskHost(host);
      expect(await tasks.get('web')).toMatchObject({ pid, status: 2 });
      expect(await failureOf(creating(tasks, 'refused'))).toMatchObject({ code: 9, details: `${database}: the disk has not answered for 8 s: failed precondition` });
      await tasks.end('web');
    } finally {
      execFileSync('fsfreeze', ['--unfreeze', root]);
    }
    await killed.exited;
    await host.restartDaemon();
    const tasks = new TaskHost(host);
    await creating(tasks, 'next');
    expect((await listed(tasks)).filter((id) => id !== 'late')).toEqual(['next', 'web']);
  });
});

/** Whether one of its threads is in a wait that no signal ends (proc_pid_stat(5)). */
function waitsForDisk(pid: number): boolean {
  const threads = readdirSync(`/proc/${String(pid)}/task`);
  return threads.some((tid) => /^ D /.test(readFileSync(`/proc/${String(pid)}/task/${tid}/stat`, 'utf8').replace(/^.*\)/, '')));
}

/** The first one stays as a zombie as long as there is another. */
function threadsOf(pid: number): number {
  return readdirSync(`/proc/${String(pid)}/task`).length;
}
