import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { parseJson } from '../../../src/runtime/json';
import { fitToThisHost, oldSpecs } from '../../support/old-spec';
import { describeOnHost, realContainers } from '../../support/requires';
import { sharedRootfs } from '../../support/rootfs';
import { SharedHost } from '../../support/shared-host';
import type { TestHost } from '../../support/test-host';

/** CAP_KILL and CAP_CHOWN (capabilities(7)) as a set of bits. */
const killAndChown = '0000000000000021';
const unlimited = 18446744073709551615n;

describeOnHost('a dockerd of any age gives its spec to the daemon', realContainers, () => {
  const shared = new SharedHost();
  let host: TestHost;
  beforeEach(async () => {
    host = await shared.take();
  });
  afterEach(() => shared.giveBack());
  afterAll(() => shared.close());

  describe.each(oldSpecs())('$name', ({ text }) => {
    const needsLift = !/"ociVersion":"1\.0\.0"/.test(text);

    /** Writes the bundle and gives the request for it, as dockerd makes it. */
    function prepare(id: string, args: readonly string[]) {
      const bundlePath = join(host.directory, 'bundles', id);
      mkdirSync(bundlePath);
      const fitting = { rootfs: sharedRootfs(), cgroupsPath: `${host.cgroup}/${id}`, args };
      const config = join(bundlePath, 'config.json');
      writeFileSync(config, fitToThisHost(text, fitting));
      return { config, request: { id, bundlePath, runtime: 'docker-runc', runtimeArgs: ['--root', host.runtimeRoot] } };
    }

    test('runs', async () => {
      const events = await host.events();
      const stdio = host.stdio('recorded');
      await host.client.create({ ...prepare('recorded', ['/bin/echo', 'hi']).request, ...stdio.paths });
      expect((await events.untilExit('recorded')).status).toBe(0);
      expect(await stdio.stdout.untilEnd()).toBe('hi\n');
    });

    test('the client keeps its file, the lifted one goes with the container', async () => {
      const { config, request } = prepare('kept', ['/bin/sleep', '1000']);
      const [before, beforeStat] = [readFileSync(config), statSync(config, { bigint: true })];
      await host.client.create(request);
      const lifted = join(`${host.stateDir}.holdfast`, 'bundles', 'kept');
      expect(existsSync(lifted)).toBe(needsLift);
      expect(host.containerDirectories()).toEqual(['kept']);
      const { systemPid } = await host.initOf('kept');
      expect(readFileSync(`/proc/${String(systemPid)}/limits`, 'utf8')).toMatch(/Max core file size\s+unlimited\s+unlimited/);
      await host.end();
      expect(existsSync(lifted)).toBe(false);
      expect(readFileSync(config).equals(before)).toBe(true);
      const afterStat = statSync(config, { bigint: true });
      expect([afterStat.mtimeNs, afterStat.ctimeNs, afterStat.ino]).toEqual([beforeStat.mtimeNs, beforeStat.ctimeNs, beforeStat.ino]);
    });

    test('takes an exec with its own capabilities and limits, digit for digit', async () => {
      await host.client.create(prepare('box', ['/bin/sleep', '1000']).request);
      const events = await host.events();
      const { systemPid } = await host.client.addProcess({
        id: 'box',
        pid: 'exec',
        args: ['sleep', '1000'],
        cwd: '/',
        env: ['PATH=/bin'],
        capabilities: ['CAP_KILL', 'CAP_CHOWN'],
        rlimits: [
          { type: 'RLIMIT_CORE', soft: unlimited, hard: unlimited },
          // Not RLIMIT_NOFILE: the runtime's own Go library raises its soft limit behind its back.
          { type: 'RLIMIT_SIGPENDING', soft: 77n, hard: 88n },
        ],
      });
      expect(limitsOf(systemPid)).toMatchObject({ 'Max core file size': ['unlimited', 'unlimited'], 'Max pending signals': ['77', '88'] });
      expect(capabilitiesOf(systemPid)).toEqual({
        CapInh: killAndChown,
        CapPrm: killAndChown,
        CapEff: killAndChown,
        CapBnd: killAndChown,
        CapAmb: '0000000000000000',
      });
      // What the runtime was given: its own file, with the number in full.
      const written = readFileSync(join(host.stateDir, 'box', 'exec', 'process.json'), 'utf8');
      expect(written).toContain('18446744073709551615');
      expect(parseJson(written)).toMatchObject({ exec: true });
      // And what a client is told of it.
      const exec = (await host.client.state('box')).containers[0]?.processes.find((one) => one.pid === 'exec');
      expect(exec?.rlimits[0]).toEqual({ type: 'RLIMIT_CORE', soft: unlimited, hard: unlimited });
      await host.end();
      await events.untilExit('box');
      expect(events.linesOf('box')).toEqual(['start-process exec', 'exit exec 137', 'exit init 137']);
    });
  });
});

/** The lines of the limits file (proc(5)): name, soft and hard limit. */
function limitsOf(pid: number): Record<string, string[]> {
  const lines = readFileSync(`/proc/${String(pid)}/limits`, 'utf8').split('\n').slice(1, -1);
  return Object.fromEntries(lines.map((line) => [line.slice(0, 26).trim(), line.slice(26).trim().split(/\s+/).slice(0, 2)]));
}

function capabilitiesOf(pid: number): Record<string, string> {
  const lines = readFileSync(`/proc/${String(pid)}/status`, 'utf8').split('\n').filter((line) => line.startsWith('Cap'));
  return Object.fromEntries(lines.map((line) => line.split(/:\s+/) as [string, string]));
}
