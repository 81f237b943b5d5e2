import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

import { State } from '../../../src/api/gen/holdfast/v1/containers';
import type { AgentHost } from '../../support/agent-host';
import { Ctl } from '../../support/ctl';
import { makeFifo } from '../../support/fifo';
import { describeOnHost, realContainers } from '../../support/requires';
import { SharedAgent } from '../../support/shared-agent';
import { until } from '../../support/until';

describeOnHost('output of programs that goes to files of their definition', realContainers, () => {
  let agent: AgentHost;
  const shared = new SharedAgent();
  beforeEach(async () => { agent = await shared.take(); });
  afterEach(() => shared.giveBack());
  afterAll(() => shared.close());

  const talking = (of: string): string => `command = ["sh", "-c", "echo out of ${of}; echo err of ${of} >&2; exec sleep 1000"]`;

  test('each is made where it is not there, with its directories, and written on where it is; also over a restart of the daemon', async () => {
    const [out, err] = [agent.host.own('logs/deep/web 100%.out'), agent.host.own('logs/deep/web.err')];
    agent.define('web', [talking('web')], { log: [`stdout = "${out}"`, `stderr = "${err}"`] });
    await agent.takeUp();
    const { pid } = await agent.untilState('web', State.RUNNING);
    // Each is copied by itself.
    const untilWritten = (what: string, lines: number): Promise<unknown> => agent.until('web', what, () => [out, err].every((path) => existsSync(path) && readFileSync(path, 'utf8').split('\n').length > lines));
    await untilWritten('its output', 1);
    expect([out, err].map((path) => readFileSync(path, 'utf8'))).toEqual(['out of web\n', 'err of web\n']);
    // Nobody else's to write.
    expect(statSync(out).mode & 0o777).toBe(0o644);
    await agent.killDaemon();
    process.kill(pid, 'SIGKILL');
    await untilWritten('the output of its second run', 2);
    expect([out, err].map((path) => readFileSync(path, 'utf8'))).toEqual(['out of web\nout of web\n', 'err of web\nerr of web\n']);
  });

  test('both into one file', async () => {
    const both = agent.host.own('both.log');
    agent.define('web', [talking('web')], { log: [`stdout = "${both}"`, `stderr = "${both}"`] });
    await agent.takeUp();
    await agent.untilState('web', State.RUNNING);
    await agent.until('web', 'both lines', () => readFileSync(both, 'utf8').split('\n').length === 3);
    expect(readFileSync(both, 'utf8').trimEnd().split('\n').sort()).toEqual(['err of web', 'out of web']);
  });

  test('where the daemon itself writes, that of each run\'s own time', async () => {
    agent.define('web', [talking('web')], { log: ['stdout = "inherit"', 'stderr = "inherit"'] });
    await agent.takeUp();
    const said = (): boolean => /^out of web$/m.test(agent.host.daemon.log()) && /^err of web$/m.test(agent.host.daemon.log());
    const { pid } = await agent.untilState('web', State.RUNNING);
    await agent.until('web', 'its output', said);
    await agent.killDaemon();
    expect((await agent.untilState('web', State.RUNNING)).pid).toBe(pid);
    const [before] = [agent.host.daemon.log().match(/^out of web$/mg)?.length ?? 0];
    process.kill(pid, 'SIGKILL');
    await agent.until('web', 'the output of its second run', () => (agent.host.daemon.log().match(/^out of web$/mg)?.length ?? 0) > before);
  });

  test('files that are through are packed, and read as before, also by who follows and goes back in them; clear takes them too', async () => {
    const ctl = new Ctl(agent.host);
    try {
      const [more, count] = [agent.host.own('more'), 20_000];
      makeFifo(more);
      agent.define('web', [`command = ["sh", "-c", "seq ${String(count)}; read -r line <${more}; seq ${String(count + 1)} ${String(2 * count)}; exec sleep 1000"]`], { log: ['max_size = "64k"', 'max_files = 100', 'compress = true'] });
      await agent.takeUp();
      await agent.untilState('web', State.RUNNING);
      const dir = `${agent.host.directory}/root/output/programs/${agent.name('web')}`;
      const names = (): string[] => readdirSync(dir).sort();
      const allPacked = (): boolean => names().length > 5 && names().slice(0, -1).every((name) => name.endsWith('.log.gz'));
      await agent.until('web', 'all but the newest to be packed', allPacked);
      const follower = ctl.start('logs', '-f', agent.name('web'));
      const counted = (from: number, to: number): string => Array.from({ length: to - from + 1 }, (_, at) => `${String(from + at)}\n`).join('');
      await follower.printed(`\n${String(count)}\n`);
      expect(await ctl.prints('logs', agent.name('web'))).toBe(counted(1, count));
      expect(await ctl.prints('logs', '--tail', '15000', agent.name('web'))).toBe(counted(count - 14_999, count));
      expect(await ctl.prints('tail', '-50000', agent.name('web'))).toBe(`${counted(1, count).slice(-50_000)}\n`);
      // What anybody else reads is the same.
      expect(gunzipSync(readFileSync(`${dir}/${names()[0] ?? ''}`)).toString()).toMatch(/^\S+ stdout F 1\n\S+ stdout F 2\n/);
      await agent.killDaemon();
      writeFileSync(more, '\n');
      await follower.printed(`\n${String(2 * count)}\n`);
      await agent.until('web', 'all but the newest to be packed', allPacked);
      follower.kill('SIGINT');
      expect((await follower.ended).stdout).toBe(counted(1, 2 * count));
      expect(await ctl.prints('logs', agent.name('web'))).toBe(counted(1, 2 * count));
      await ctl.prints('clear', agent.name('web'));
      expect([await ctl.prints('logs', agent.name('web')), names().length]).toEqual(['', 1]);
    } finally {
      ctl.close();
    }
  });

  test('lines beyond a rate are dropped, and logs says how many', async () => {
    const ctl = new Ctl(agent.host);
    try {
      agent.define('web', ['command = ["sh", "-c", "seq 1000; exec sleep 1000"]'], { log: ['rate = { lines = 3, per = "500ms" }', 'max_age = "1h"'] });
      await agent.takeUp();
      await agent.untilState('web', State.RUNNING);
      const logs = async (): Promise<string> => (await ctl.run('logs', agent.name('web'))).stdout;
      expect(await until('what was dropped', logs, (text) => text.includes('holdfast: 997'))).toBe('1\n2\n3\nholdfast: 997 lines were dropped here: more than 3 in 500ms\n');
    } finally {
      ctl.close();
    }
  });
});
