import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultLimits } from '../../../src/images/diff/apply/limits';
import { LayerProcesses } from '../../../src/images/diff/layer-process';
import { ChildReaper } from '../../../src/sys/process/children';
import { Poller } from '../../../src/sys/poller';
import { messageOf } from '../../../src/sys/thrown';
import { untilExists } from '../../support/files';
import { waitForExit } from '../../support/processes';
import { describeOnHost } from '../../support/requires';

/** Answers as the blob's name wants it, with its pid for a digest. */
const program = `
const say = (answer) => process.stdout.write(JSON.stringify(answer) + '\\n');
process.stdin.on('data', (line) => {
  const { blob } = JSON.parse(line);
  const done = { is: 'done', digest: String(process.pid), size: 0, skipped: [] };
  if (blob === 'good') say(done);
  if (blob === 'mounted') say({ ...done, isOver: true });
  if (blob === 'bad') say({ is: 'failed', message: 'it is bad' });
  if (blob === 'deadly') process.exit(3);
  if (blob === 'hangs') require('node:fs').writeFileSync(process.argv[1] + '.' + process.pid, '');
});
`;

describeOnHost('processes of layers', ['root'], () => {
  let place: string;
  let poller: Poller;
  let reaper: ChildReaper;
  let processes: LayerProcesses;

  beforeEach(() => {
    place = mkdtempSync(join(tmpdir(), 'hf-layers-'));
    writeFileSync(join(place, 'program.cjs'), program);
    poller = new Poller((error) => { throw error; });
    poller.ref();
    reaper = new ChildReaper(poller);
    processes = new LayerProcesses({ program: join(place, 'program.cjs'), reaper });
  });
  afterEach(() => {
    processes.close();
    reaper.close();
    poller.close();
    rmSync(place, { recursive: true });
  });

  const request = (blob: string) => ({ verb: 'apply' as const, blob, mounts: [], isPacked: false, limits: defaultLimits, sync: false, places: ['/left', '/right'] as const });
  /** The process that has unpacked it. */
  const unpack = async (blob: string, signal?: AbortSignal): Promise<number> => Number((await processes.apply(request(blob), signal)).digest);
  const failure = (work: Promise<unknown>): Promise<string> => work.then(() => 'done', messageOf);
  const untilHanging = (pid: number): Promise<void> => untilExists(join(place, `program.cjs.${String(pid)}`));

  test('unpack one layer after the other, and end when no other comes', async () => {
    const first = await unpack('good');
    expect([await unpack('good'), await unpack('good')]).toEqual([first, first]);
    await waitForExit(first);
    expect(await unpack('good')).not.toBe(first);
  });

  test('are as many as there are layers at once, of which one stays', async () => {
    const [one = 0, other = 0] = await Promise.all([unpack('good'), unpack('good')]);
    expect(one).not.toBe(other);
    await Promise.race([waitForExit(one), waitForExit(other)]);
  });

  test('that have failed, made mounts or ended unpack nothing more', async () => {
    const first = await unpack('mounted');
    await waitForExit(first);
    const second = await unpack('good');
    expect(second).not.toBe(first);
    expect(await failure(unpack('bad'))).toBe('it is bad');
    await waitForExit(second);
    const third = await unpack('good');
    expect(await failure(unpack('deadly'))).toBe('the process of a layer ended without an answer (exit status 3)');
    expect([first, second, third]).not.toContain(await unpack('good'));
  });

  test('that have died while they waited are asked for nothing', async () => {
    const first = await unpack('good');
    process.kill(first, 'SIGKILL');
    // Until it is reaped: as a zombie it has ended, and nobody has heard of it.
    while (existsSync(`/proc/${String(first)}`)) await new Promise((resolve) => { setImmediate(resolve); });
    expect(await unpack('good')).not.toBe(first);
  });

  test('end with the call, and with the daemon', async () => {
    const first = await unpack('good');
    const call = new AbortController();
    const given = failure(unpack('hangs', call.signal));
    await untilHanging(first);
    call.abort(new Error('given up'));
    expect(await given).toBe('given up');
    await waitForExit(first);
    const second = await unpack('good');
    const cut = failure(unpack('hangs'));
    await untilHanging(second);
    processes.close();
    expect(await cut).toBe('the process of a layer ended without an answer (signal 9)');
    await waitForExit(second);
    expect(await failure(unpack('good'))).toBe('the daemon ends');
  });
});
