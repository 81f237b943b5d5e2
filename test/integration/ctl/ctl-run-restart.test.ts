import { readFileSync, rmSync, writeFileSync } from 'node:fs';

import { State } from '../../../src/api/gen/holdfast/v1/containers';
import { AgentHost } from '../../support/agent-host';
import { Ctl } from '../../support/ctl';
import { busyboxImage } from '../../support/image-archive';
import { waitForExit } from '../../support/processes';
import { daemonOfBoots, goDown, newBoot } from '../../support/reboot';
import { describeOnHost, realContainers } from '../../support/requires';
import { SharedAgent } from '../../support/shared-agent';
import { killDaemonAndShims } from '../../support/shims';
import { sharedRootfs } from '../../support/rootfs';
import { until } from '../../support/until';

describeOnHost('holdfastctl run --restart', realContainers, () => {
  let agent: AgentHost;
  let ctl: Ctl;
  /** Runs until it is killed; it has the test's directory among its arguments. */
  const forEver = (): readonly string[] => ['--host', '--', 'tail', '-f', agent.host.own('file')];
  const keep = async (short: string, policy: string, what = forEver()): Promise<void> => {
    expect(await ctl.says('run', '-d', '--name', agent.name(short), '--restart', policy, ...what)).toBe(`${agent.name(short)}\n`);
  };
  describe('of a daemon', () => {
    const shared = new SharedAgent();
    beforeEach(async () => {
      agent = await shared.take();
      ctl = new Ctl(agent.host);
      agent.write('file', '');
    });
    afterEach(async () => {
      ctl.close();
      await shared.giveBack();
    });
    afterAll(() => shared.close());

    test('starts it again after an unexpected end; ps, status and why show it, stop ends it, and rm forgets it', async () => {
      const web = agent.name('web');
      await keep('web', 'unexpected');
      const { pid, managed } = await agent.look('web');
      expect(managed).toMatchObject({ defined_in: 'holdfastctl run', of_command_line: true });
      expect(await ctl.says('status', web)).toMatch(/ RUNNING +pid \d+, uptime /);
      expect(await ctl.says('ps', '--no-header')).toMatch(new RegExp(`^${web} +running `));
      expect(await ctl.says('why', web)).toContain('defined in   holdfastctl run\n');
      expect(await ctl.says('definition', web)).toMatch(/^# holdfastctl run\n[^]*autorestart = "unexpected"/);
      process.kill(pid, 'SIGKILL');
      const again = await agent.until('web', 'another run', (now) => now.state === State.RUNNING && now.pid !== pid);
      expect(await ctl.run('rm', web)).toEqual({ status: 1, stdout: `${web}: ERROR (still running)\n`, stderr: expect.stringContaining(`holdfastctl rm --force ${web}`) as string });
      expect(await ctl.says('stop', web)).toBe(`${web}: stopped\n`);
      await waitForExit(again.pid);
      expect((await agent.look('web')).state).toBe(State.STOPPED);
      expect(await ctl.says('rm', web)).toBe(`${web}: removed\n`);
      expect(JSON.parse(await ctl.says('ps', '--all', '--json'))).toEqual([]);
      // The name is free, and what is forgotten does not come back.
      await agent.killDaemon();
      expect(JSON.parse(await ctl.says('ps', '--all', '--json'))).toEqual([]);
      await keep('web', 'always');
      expect(await ctl.says('rm', '--force', web)).toBe(`${web}: removed\n`);
    });

    test('one that ends at once is kept as its policy says, and prune forgets what is over', async () => {
      const [quick, done] = [agent.name('quick'), agent.name('done')];
      expect(await ctl.run('run', '-d', '--name', quick, '--host', '--restart', 'unexpected', '--', 'sh', '-c', 'exit 3')).toEqual({
        status: 0, stdout: `${quick}\n`, stderr: expect.stringContaining('Exited too quickly (exit status 3)') as string,
      });
      expect(await ctl.run('rm', quick)).toMatchObject({ status: 1, stdout: `${quick}: ERROR (still running)\n` });
      expect(await ctl.says('rm', '--force', quick)).toBe(`${quick}: removed\n`);
      await ctl.says('run', '-d', '--name', quick, '--host', '--restart', 'on-failure:1', '--', 'sh', '-c', 'exit 3');
      await agent.untilState('quick', State.FATAL);
      expect((await agent.look('quick')).reason).toBe('Exited unexpectedly (exit status 3), too often');
      await keep('done', 'unexpected', ['--host', '--', 'sh', '-c', `while [ ! -e ${agent.host.own('go')} ]; do sleep 0.01; done`]);
      agent.write('go', '');
      await agent.untilState('done', State.EXITED);
      expect((await ctl.says('prune', '--yes')).split('\n').sort()).toEqual(['', `${done}: removed`, `${quick}: removed`]);
    });

    test('a container has what run gives it: volumes, a name, and a root that is read alone', async () => {
      const script = 'hostname; cat /mnt/word; touch /mnt/x /y; echo end; exec sleep 1000';
      agent.write('word', 'of the host\n');
      await keep('box', 'always', ['--rootfs', sharedRootfs(), '-v', `${agent.host.own('word')}:/mnt/word:ro`, '--hostname', 'box.example', '--read-only', '--', 'sh', '-c', script]);
      await agent.untilState('box', State.RUNNING);
      const said = async (): Promise<string> => (await ctl.run('logs', agent.name('box'))).stdout;
      expect(await until('its end', said, (all) => all.endsWith('end\n'))).toBe('box.example\nof the host\nend\n');
      expect((await ctl.run('logs', agent.name('box'))).stderr.match(/Read-only file system/g)).toHaveLength(2);
    });

    test('is refused where it cannot be meant, and takes no name then', async () => {
      const web = agent.name('web');
      const refused = async (status: number, message: string, ...args: readonly string[]): Promise<void> => {
        expect(await ctl.run('run', '--name', web, ...args)).toEqual({ status, stdout: '', stderr: expect.stringContaining(message) as string });
        expect(JSON.parse(await ctl.says('ps', '--all', '--json'))).toEqual([]);
      };
      await refused(125, 'there is no --restart sometimes', '-d', '--host', '--restart', 'sometimes', '--', 'true');
      await refused(125, 'there is no --restart always:3', '-d', '--host', '--restart', 'always:3', '--', 'true');
      await refused(125, '--tty with --restart wants --detach', '-t', '--host', '--restart', 'always', '--', 'true');
      await refused(125, 'choose one', '-d', '--rm', '--host', '--restart', 'always', '--', 'true');
      await refused(125, 'holdfastctl: there is no image docker.io/library/busybox:latest\n', '-d', '--restart', 'always', '--pull', 'never', 'busybox');
      await refused(125, '-v /tmp: a path of this host, and an absolute one in the container are wanted', '-d', '--restart', 'always', '--rootfs', sharedRootfs(), '-v', '/tmp', '--', 'true');
      await refused(127, '/no/such: no such file', '-d', '--host', '--restart', 'always', '--', '/no/such');
      await refused(126, 'cannot be executed', '-d', '--host', '--restart', 'always', '--', agent.host.own('file'));
      // never and no: a run as any other.
      await keep('web', 'no', ['--host', '--', 'sleep', '1000']);
      expect((await agent.look('web')).managed).toBeUndefined();
      expect((await ctl.run('run', '-d', '--name', web, '--host', '--restart', 'always', '--', 'true')).stderr).toContain(`the name ${web} is in use (RUNNING`);
    });

    test('survives kill -9 of the daemon, and of daemon and shim: the same process, and what was stopped stays so', async () => {
      await keep('up', 'always');
      await keep('down', 'always');
      const { pid } = await agent.look('up');
      await ctl.says('stop', agent.name('down'));
      await agent.killDaemon();
      expect(await agent.look('up')).toMatchObject({ state: State.RUNNING, pid });
      expect((await agent.look('down')).state).toBe(State.STOPPED);
      await killDaemonAndShims(agent.host);
      await agent.startDaemon();
      expect(await agent.untilState('up', State.RUNNING)).toMatchObject({ pid });
      process.kill(pid, 'SIGKILL');
      await agent.until('up', 'another run', (now) => now.state === State.RUNNING && now.pid !== pid);
      expect((await agent.look('down')).state).toBe(State.STOPPED);
    });

    test('reread and update leave it alone, until a file has its name: then it is as the file says', async () => {
      const web = agent.name('web');
      await keep('web', 'always');
      const { pid } = await agent.look('web');
      expect(await ctl.says('reread')).toBe('No config updates to processes\n');
      expect(await ctl.says('avail')).toBe('');
      expect(await ctl.says('update')).toBe('');
      expect((await agent.look('web')).pid).toBe(pid);
      // From try-out to service in one step.
      agent.define('web', ['command = "sleep 1000"']);
      expect(await ctl.says('update')).toMatch(`${web}: `);
      expect((await agent.untilState('web', State.RUNNING)).managed).toMatchObject({ of_command_line: false });
      expect(await ctl.run('rm', '--force', web)).toMatchObject({ status: 7, stderr: expect.stringContaining('is defined in a file') as string });
      rmSync(`${agent.host.own('programs')}/web.toml`);
      expect(await ctl.says('update')).toBe(`${web}: stopped\n${web}: removed process group\n`);
    });

    test('an image is run so, too, and what it has written stays over its restarts', async () => {
      writeFileSync(agent.host.own('image.tar'), busyboxImage('example.org/tools:1').archive);
      await ctl.says('load', agent.host.own('image.tar'));
      await keep('box', 'always', ['example.org/tools:1', 'sh', '-c', 'echo run >> /runs; cat /runs; exec sleep 1000']);
      /** A shell may come to its first word later than the daemon takes it for running. */
      const untilSaid = (words: string): Promise<string> => until(words, () => ctl.says('logs', agent.name('box')), (all) => all === words);
      await untilSaid('run\n');
      const { pid } = await agent.look('box');
      process.kill(pid, 'SIGKILL');
      await agent.until('box', 'another run', (now) => now.state === State.RUNNING && now.pid !== pid);
      await untilSaid('run\nrun\nrun\n');
    });

    test('--save writes the policy down, too', async () => {
      const file = agent.host.own('saved.toml');
      await keep('web', 'unless-stopped', ['--save', file, ...forEver()]);
      expect(readFileSync(file, 'utf8')).toMatch(/autorestart = "always"\nonreboot = "laststate"\n/);
    });

    describe('without --detach', () => {
      /** A program that writes how often it has been started. @param first what it does before that */
      const counting = (then: string, first = ':'): readonly string[] => ['--host', '--', 'sh', '-c', `${first}; read n < ${agent.host.own('file')}; n=$((n + 1)); echo $n > ${agent.host.own('file')}; echo run $n; echo wrong >&2; ${then}`];
      const nothingKept = async (): Promise<void> => { expect(JSON.parse(await ctl.says('ps', '--all', '--json'))).toEqual([]); };

      test('what it writes is shown over its restarts, and its last status is ours once it is not started again', async () => {
        const { status, stdout, stderr } = await ctl.run('run', '--restart', 'on-failure:2', ...counting('exit 3'));
        expect({ status, stdout }).toEqual({ status: 3, stdout: 'run 1\nrun 2\nrun 3\n' });
        expect(stderr.replaceAll(/run-\w{4}/g, 'NAME').replaceAll(/\d+(\.\d+)? s/g, 'T')).toBe([
          'wrong', '-- NAME ended: exit status 3 after T; starts again in T --',
          'wrong', '-- NAME ended: exit status 3 after T; starts again in T --',
          'wrong', '-- NAME ended: exit status 3 after T --', 'holdfastctl: NAME is not started again: Exited unexpectedly (exit status 3), too often', '',
        ].join('\n'));
        // It was given no name.
        await nothingKept();
      });

      test('with docker\'s on-failure a job that is over at once is done', async () => {
        expect(await ctl.run('run', '--restart', 'on-failure', ...counting('test $n = 2'))).toMatchObject({ status: 0, stdout: 'run 1\nrun 2\n' });
        // 0 is no limit.
        expect(await ctl.run('run', '--restart', 'on-failure:0', ...counting('test $n = 4'))).toMatchObject({ status: 0, stdout: 'run 3\nrun 4\n' });
        await nothingKept();
      });

      test('and its number counts all restarts, also of runs that were no quick ones', async () => {
        expect(await ctl.run('run', '--restart', 'on-failure:1', ...counting('sleep 2; exit 3'))).toMatchObject({ status: 3, stdout: 'run 1\nrun 2\n' });
        await nothingKept();
      });

      test('one that ends as its policy has it is over; one with a name is remembered', async () => {
        const name = agent.name('web');
        expect(await ctl.run('run', '--name', name, '--restart', 'unexpected', ...counting('sleep 2; test $n = 2'))).toMatchObject({ status: 0, stdout: 'run 1\nrun 2\n' });
        expect((await agent.look('web')).state).toBe(State.EXITED);
      });

      test('it goes on over a killed daemon; Ctrl-C stops it', async () => {
        const name = agent.name('web');
        const running = ctl.start('run', '--name', name, '--restart', 'always', ...counting('while :; do sleep 0.05; done', "trap 'echo stopped; exit 5' TERM"));
        await running.printed('run 1\n');
        await agent.killDaemon();
        process.kill((await agent.look('web')).pid, 'SIGKILL');
        await running.printed('run 2\n');
        running.kill('SIGINT');
        expect(await running.ended).toMatchObject({ status: 5, stdout: 'run 1\nrun 2\nstopped\n' });
        expect((await agent.look('web')).state).toBe(State.STOPPED);
      });

      test('a second Ctrl-C leaves it', async () => {
        const name = agent.name('web');
        const running = ctl.start('run', '--name', name, '--restart', 'always', ...counting('while :; do sleep 0.05; done', "trap 'echo asked' TERM"));
        await running.printed('run 1\n');
        running.kill('SIGINT');
        await running.printed('asked\n');
        running.kill('SIGINT');
        const { status, stderr } = await running.ended;
        expect({ status, last: stderr.split('\n').at(-2) }).toEqual({ status: 130, last: `holdfastctl: interrupted; ${name} goes on stopping` });
        process.kill((await agent.look('web')).pid, 'SIGKILL');
        await agent.untilState('web', State.STOPPED);
      });

      test('Ctrl-C while it waits for its next start', async () => {
        const name = agent.name('web');
        const running = ctl.start('run', '--name', name, '--restart', 'always', ...counting('exit 3'));
        // The pause before the fourth run is seconds.
        await running.printed('run 3\n');
        await agent.until('web', 'the next pause', ({ state, managed }) => state === State.BACKOFF && managed?.failures === 3);
        running.kill('SIGTERM');
        expect(await running.ended).toMatchObject({ status: 3, stdout: 'run 1\nrun 2\nrun 3\n' });
        expect((await agent.look('web')).state).toBe(State.STOPPED);
      });

      test('one without a name ends with the reader of its output, and is forgotten', async () => {
        const running = ctl.start('run', '--restart', 'always', ...counting('while :; do echo line; sleep 0.05; done'));
        await running.printed('line\n');
        // Its other stream comes by itself.
        await running.complained('wrong\n');
        running.closeOutput();
        expect(await running.ended).toMatchObject({ status: 141, stderr: 'wrong\n' });
        await nothingKept();
      });

      test('one that cannot be started is forgotten at once', async () => {
        expect(await ctl.run('run', '--restart', 'always', '--host', '--', '/no/such')).toEqual({ status: 127, stdout: '', stderr: 'holdfastctl: /no/such: no such file\n' });
        await nothingKept();
      });
    });
  });

  describe('of daemons and hosts that go down', () => {
    beforeEach(() => {
      agent = new AgentHost();
      ctl = new Ctl(agent.host);
      agent.write('file', '');
    });
    afterEach(async () => {
      ctl.close();
      if (agent.host.daemon.hasEnded) await agent.startDaemon();
      await ctl.run('rm', '--force', 'all');
      await agent.cleanUp();
    });

    test('is there with the next daemon from the moment on that it is written down, and not at all before', async () => {
      const lost = async (fault: string): Promise<void> => {
        await agent.startDaemon({ HOLDFAST_FAULTS: `${fault}=kill:1` });
        expect(await ctl.run('run', '-d', '--name', agent.name('web'), '--restart', 'always', ...forEver())).toMatchObject({ status: 125, stdout: '' });
        await agent.host.daemon.exited;
        await agent.startDaemon();
      };
      await lost('daemon.update.before-write');
      expect(JSON.parse(await ctl.says('ps', '--all', '--json'))).toEqual([]);
      await agent.host.stopDaemon();
      await lost('daemon.update.written');
      const { pid } = await agent.untilState('web', State.RUNNING);
      expect(await ctl.says('rm', '--force', agent.name('web'))).toBe(`${agent.name('web')}: removed\n`);
      await waitForExit(pid);
    });

    test('comes up when the host starts anew; unless-stopped not where it was stopped by hand', async () => {
      newBoot(agent.host);
      const boots = daemonOfBoots(agent.host);
      await agent.startDaemon({}, boots);
      const shorts = ['on', 'off', 'unless-off', 'unless-on'];
      for (const short of shorts) await keep(short, short.startsWith('unless') ? 'unless-stopped' : 'always');
      for (const short of ['off', 'unless-off']) await ctl.says('stop', agent.name(short));
      await agent.host.stopDaemon('SIGKILL');
      await goDown(agent.host, shorts.map((short) => agent.name(short)));
      await agent.startDaemon({}, boots);
      for (const short of ['on', 'off', 'unless-on']) await agent.untilState(short, State.RUNNING);
      expect((await agent.look('unless-off')).state).toBe(State.STOPPED);
      expect(await ctl.says('why', agent.name('on'))).toContain('nobody saw how (host rebooted)');
      const historyOf = async (short: string): Promise<readonly string[]> => (await ctl.says('history', agent.name(short))).trimEnd().split('\n').map((line) => line.replace(/^\S+Z +/, '').replace(/ +/g, ' ').replace(agent.name(short), short).replace(/pid \d+|after \S+ s/, '…'));
      expect(await historyOf('on')).toEqual(['start on …', 'end on exit unknown (host rebooted)', 'start on …']);
      expect(await historyOf('unless-off')).toEqual(['start unless-off …', 'end unless-off killed by SIGTERM …']);
    });
  });
});
