import Database from 'better-sqlite3';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { ContainersService } from '../../../src/api/gen/containerd/services/containers/v1/containers';
import { containerOf } from '../../support/containerd-client';
import { failureOf } from '../../support/failure';
import { describeOnHost, realContainers } from '../../support/requires';
import { TaskHost } from '../../support/task-host';
import { TestHost } from '../../support/test-host';

const sleeper = { args: ['sleep', '1000'] };

describeOnHost('the database of the records', realContainers, () => {
  let host: TestHost;
  let database: string;
  beforeEach(() => {
    host = new TestHost();
    database = join(host.directory, 'root', 'holdfast.db');
  });
  afterEach(() => host.cleanUp());

  const damages: Readonly<Record<string, () => void>> = {
    'of random bytes': () => { writeFileSync(database, Buffer.from('no database at all '.repeat(1000))); },
    truncated: () => { truncateSync(database, Math.floor(statSync(database).size / 2)); },
    'of no length': () => { truncateSync(database, 0); },
    'damaged in a page': () => {
      const bytes = readFileSync(database);
      bytes.fill(0xa5, 4096, 4096 + 512);
      writeFileSync(database, bytes);
    },
    'a directory': () => {
      rmSync(database);
      mkdirSync(database);
    },
  };

  test.each(Object.keys(damages))('is %s: what runs is managed as before, and the log says where the records lie', async (how) => {
    await host.startDaemon();
    const before = new TaskHost(host);
    const pid = await before.create('web', sleeper);
    await before.start('web');
    const { container } = await before.ask(ContainersService.get, { id: 'web' });
    await host.create('old', sleeper);
    await host.stopDaemon();
    damages[how]?.();
    const daemon = await host.startDaemon();
    const tasks = new TaskHost(host);
    expect(await tasks.get('web')).toMatchObject({ pid, status: 2 });
    const rebuilt = (await tasks.ask(ContainersService.get, { id: 'web' })).container;
    expect(Buffer.from(rebuilt?.spec?.value ?? []).equals(Buffer.from(container?.spec?.value ?? []))).toBe(true);
    expect(daemon.log()).toContain('a task whose record is gone has another, made of its bundle');
    if (how !== 'of no length') {
      expect(daemon.log()).toContain('the records were unusable and lie aside, new ones are begun');
      expect(readdirSync(join(host.directory, 'root')).filter((name) => name.startsWith('holdfast.db.corrupt-'))).not.toEqual([]);
    }
    await tasks.create('new', sleeper);
    for (const id of ['web', 'new']) await tasks.end(id);
    await host.end(['old']);
  });

  /** A daemon whose records cannot be written: what runs is managed, and each change is refused with file and cause. */
  const managesWithoutRecords = async (details: string, pid: number): Promise<void> => {
    const daemon = await host.startDaemon();
    expect(daemon.log()).toContain('the records cannot be used: what runs is managed, and changes of records are refused');
    const tasks = new TaskHost(host);
    const refused = { code: 9, details: `${details}: failed precondition` };
    expect(await tasks.get('web')).toMatchObject({ pid, status: 2 });
    const { container: web } = await tasks.ask(ContainersService.get, { id: 'web' });
    expect(web?.labels.get('kept')).toBe('yes');
    expect(await failureOf(tasks.ask(ContainersService.create, { container: containerOf('new', {}) }))).toMatchObject(refused);
    expect(await failureOf(tasks.ask(ContainersService.delete, { id: 'web' }))).toMatchObject(refused);
    await host.create('legacy', sleeper);
    await host.end(['legacy']);
    await tasks.exec('web', 'one', ['true']);
    const ended = tasks.wait('web', 'one');
    await tasks.start('web', 'one');
    expect((await ended).exit_status).toBe(0);
    await tasks.deleteExec('web', 'one');
    await host.stopDaemon('SIGKILL');
  };
  const withWeb = async (): Promise<number> => {
    await host.startDaemon();
    const tasks = new TaskHost(host);
    const pid = await tasks.create('web', sleeper);
    await tasks.start('web');
    const { container } = await tasks.ask(ContainersService.get, { id: 'web' });
    if (container === undefined) throw new Error('no record');
    await tasks.ask(ContainersService.update, { container: { ...container, labels: new Map([['kept', 'yes']]) }, update_mask: ['labels'] });
    await host.stopDaemon();
    return pid;
  };
  const isAsItWas = async (pid: number): Promise<void> => {
    await host.startDaemon();
    const tasks = new TaskHost(host);
    expect(await tasks.get('web')).toMatchObject({ pid, status: 2 });
    expect((await tasks.ask(ContainersService.get, { id: 'web' })).container?.labels.get('kept')).toBe('yes');
    await tasks.end('web');
  };

  test('is of a newer version: it is read and not written', async () => {
    const pid = await withWeb();
    /** @returns the one that it had */
    const setVersion = (version: number): number => {
      const other = new Database(database);
      const before = other.pragma('user_version', { simple: true }) as number;
      other.exec(`PRAGMA user_version = ${String(version)}`);
      other.close();
      return before;
    };
    const ours = setVersion(99);
    await managesWithoutRecords(`${database}: version 99 of the records, and this program knows ${String(ours)}`, pid);
    setVersion(ours);
    await isAsItWas(pid);
  });

  test('is another process\'s: it is read where that lets it, and not written', async () => {
    const pid = await withWeb();
    const holder = new Database(database);
    holder.exec('BEGIN EXCLUSIVE');
    await managesWithoutRecords(`${database}: database is locked: another process has it; two daemons want a --root each`, pid);
    holder.exec('ROLLBACK');
    holder.close();
    await isAsItWas(pid);
  });

  describe('on a file system of its own', () => {
    let root: string;
    beforeEach(() => {
      root = join(host.directory, 'root');
      mkdirSync(root);
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=512k', 'tmpfs', root]);
    });
    afterEach(async () => {
      await host.stopDaemon();
      execFileSync('umount', [root]);
    });

    test('that cannot be written: it is read and not written', async () => {
      const pid = await withWeb();
      execFileSync('mount', ['-o', 'remount,ro', root]);
      await managesWithoutRecords(`${database}: EROFS: read-only file system, chmod '${database}'`, pid);
      execFileSync('mount', ['-o', 'remount,rw', root]);
      await isAsItWas(pid);
    });

    test('that cannot be written, where they are of an older version: they are read and not written', async () => {
      const pid = await withWeb();
      const older = new Database(database);
      // As version 2 was: without what all later ones have added.
      const tables = older.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'").pluck().all() as string[];
      const later = tables.filter((name) => !['namespaces', 'containers', 'leases', 'lease_resources', 'definitions'].includes(name));
      older.exec(`${later.map((name) => `DROP TABLE ${name};`).join(' ')} PRAGMA user_version = 2`);
      older.close();
      execFileSync('mount', ['-o', 'remount,ro', root]);
      await managesWithoutRecords(`${database}: EROFS: read-only file system, chmod '${database}'`, pid);
      execFileSync('mount', ['-o', 'remount,rw', root]);
      await isAsItWas(pid);
    });

    test('that is full: each change is refused with file and cause and changes nothing, and tasks are ended and deleted all the same', async () => {
      await host.startDaemon();
      const tasks = new TaskHost(host);
      await tasks.create('web', sleeper);
      const spec = { filler: 'x'.repeat(40_000) };
      const full = { code: 2, details: `${database}: database or disk is full (SQLITE_FULL): unknown` };
      let made = 0;
      let refusal: unknown;
      for (; refusal === undefined; made += 1) {
        const container = containerOf(`c${String(made)}`, spec);
        refusal = await tasks.ask(ContainersService.create, { container }).then(() => undefined, (error: unknown) => error);
      }
      expect(refusal).toMatchObject(full);
      const listed = async (): Promise<number> => (await tasks.ask(ContainersService.list, { filters: [] })).containers.length;
      const before = await listed();
      const [web] = (await tasks.ask(ContainersService.list, { filters: ['id==web'] })).containers;
      const update = { ...containerOf('web', spec), image: 'changed' };
      expect(await failureOf(tasks.ask(ContainersService.update, { container: update, update_mask: undefined }))).toMatchObject(full);
      expect((await tasks.ask(ContainersService.get, { id: 'web' })).container).toEqual(web);
      expect(await listed()).toBe(before);
      await tasks.start('web');
      await tasks.end('web');
      execFileSync('mount', ['-o', 'remount,size=8m', root]);
      await tasks.ask(ContainersService.create, { container: containerOf('room', spec) });
    });
  });
});
