import { existsSync, readFileSync, writeFileSync } from 'node:fs';

import { copierMoments } from '../../src/sys/fault-points';
import { ClientStdio } from '../support/client-stdio';
import { untilContains } from '../support/files';
import { waitForExit } from '../support/processes';
import { describeOnHost, realContainers } from '../support/requires';
import { copiersOf, killCopiers, killDaemonAndShims, killShims } from '../support/shims';
import { TestHost } from '../support/test-host';

const epoch = { seconds: 0n, nanos: 0 };
const lines = 200_000;
const counted = Array.from({ length: lines }, (_, index) => `${String(index + 1)}\n`).join('');
/** Chunks that are all the same: what is lost or doubled shows in their number alone. */
const same = 'y\n'.repeat(lines);

interface Files {
  readonly stdin: string;
  readonly stdout: string;
  readonly stderr: string;
}

function filesOf(host: TestHost, input: string): Files {
  const paths = { stdin: host.own('in'), stdout: host.own('out'), stderr: host.own('err') };
  writeFileSync(paths.stdin, input);
  for (const path of [paths.stdout, paths.stderr]) writeFileSync(path, '');
  return paths;
}

const isWhole = (path: string, expected: string): boolean => readFileSync(path, 'utf8') === expected;

describeOnHost('a copier that is killed in the middle of a chunk', realContainers, () => {
  let host: TestHost;
  afterEach(() => host.cleanUp());

  // The second time: there is a chunk before it, and there are more after it.
  test.each(copierMoments)('at %s loses and doubles nothing', async (moment) => {
    host = new TestHost();
    const mark = host.own('mark');
    await host.startDaemon({ env: { HOLDFAST_FAULTS: `${moment}=kill:2@${mark}` } });
    const events = await host.events();
    const files = filesOf(host, counted);
    await host.create('box', { args: ['sh', '-c', `cat; yes | head -n ${String(lines)} >&2`] }, files);
    expect((await events.untilExit('box')).status).toBe(0);
    expect(existsSync(mark)).toBe(true);
    expect(isWhole(files.stdout, counted)).toBe(true);
    expect(isWhole(files.stderr, same)).toBe(true);
  });
});

const deaths: readonly (readonly [string, (host: TestHost) => Promise<void>])[] = [
  ['the copier', killCopiers],
  ['the shim', killShims],
  [
    'shim and copier',
    async (host) => {
      // In this order: a copier that has nothing to write ends by itself once its shim is gone.
      await Promise.all([killCopiers(host), killShims(host)]);
    },
  ],
  [
    'daemon and shim',
    async (host) => {
      await killDaemonAndShims(host);
      await host.startDaemon();
    },
  ],
];

describe.each(deaths)('%s killed', (_name, strike) => {
  describeOnHost('while a container writes to a plain file', realContainers, () => {
    let host: TestHost;
    beforeEach(async () => {
      host = await TestHost.withDaemon();
    });
    afterEach(() => host.cleanUp());

    test('its output is neither lost nor doubled, and its status is its own', async () => {
      const stdio = new ClientStdio(`${host.directory}/stdio/box`, false).open();
      const files = filesOf(host, '');
      const script = `seq 1 100000; read line; seq 100001 ${String(lines)}; exit 7`;
      await host.create('box', { args: ['sh', '-c', script] }, { ...files, stdin: stdio.paths.stdin });
      await untilContains(files.stdout, '\n5000\n');
      await strike(host);
      const events = await host.events({ timestamp: epoch });
      await stdio.stdin.write('go\n');
      expect((await events.untilExit('box')).status).toBe(7);
      expect(isWhole(files.stdout, counted)).toBe(true);
      stdio.close();
    });
  });
});

describe.each(deaths.slice(0, 3))('%s killed', (_name, strike) => {
  describeOnHost('while a terminal is written to a plain file', realContainers, () => {
    let host: TestHost;
    beforeEach(async () => {
      host = await TestHost.withDaemon();
    });
    afterEach(() => host.cleanUp());

    test('it goes on there', async () => {
      const stdio = new ClientStdio(`${host.directory}/stdio/tty`, true).open();
      const files = filesOf(host, '');
      const script = 'stty -echo; echo ready; while read line; do [ "$line" = end ] && exit 4; echo "got $line"; done';
      await host.create('tty', { args: ['sh', '-c', script], terminal: true }, { ...files, stdin: stdio.paths.stdin });
      await untilContains(files.stdout, 'ready\r\n');
      await strike(host);
      const events = await host.events({ timestamp: epoch });
      await stdio.stdin.write('one\n');
      await untilContains(files.stdout, 'got one\r\n');
      await stdio.stdin.write('end\n');
      expect((await events.untilExit('tty')).status).toBe(4);
      expect(readFileSync(files.stdout, 'utf8')).toBe('ready\r\ngot one\r\n');
      stdio.close();
    });
  });
});

describeOnHost('without daemon and shim', realContainers, () => {
  let host: TestHost;
  beforeEach(async () => {
    host = await TestHost.withDaemon();
  });
  afterEach(() => host.cleanUp());

  test('plain files are written further, and the next shim goes on with them', async () => {
    const stdio = new ClientStdio(`${host.directory}/stdio/box`, false).open();
    const files = filesOf(host, '');
    const script = `read line; seq 1 100000; read line; seq 100001 ${String(lines)}; exit 7`;
    await host.create('box', { args: ['sh', '-c', script] }, { ...files, stdin: stdio.paths.stdin });
    await killDaemonAndShims(host);
    await stdio.stdin.write('go\n');
    await untilContains(files.stdout, '\n100000\n');
    const [before] = copiersOf(host);
    await host.startDaemon();
    const events = await host.events({ timestamp: epoch });
    await stdio.stdin.write('go\n');
    expect((await events.untilExit('box')).status).toBe(7);
    expect(isWhole(files.stdout, counted)).toBe(true);
    // It has handed its streams on, and ends by itself.
    if (before !== undefined) await waitForExit(before.pid);
    stdio.close();
  });
});
