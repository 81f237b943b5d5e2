import { waitForExit } from '../support/processes';
import { DockerSide } from './support/docker-side';
import { describeReal, SideBySide } from './support/side-by-side';
import { until } from '../support/until';

/** Which of the two daemons goes away, and how. */
interface Absence {
  readonly title: string;
  readonly go: (side: DockerSide) => Promise<void>;
  readonly comeBack: (side: DockerSide) => Promise<void>;
  readonly killsDockerd?: true;
}

const absences: readonly Absence[] = [
  {
    title: 'the backend killed and started',
    go: (side) => side.backend.kill(),
    comeBack: (side) => side.backend.start(),
  },
  {
    title: 'the backend stopped and started',
    go: (side) => side.backend.stop(),
    comeBack: (side) => side.backend.start(),
  },
  {
    title: 'dockerd killed and started',
    killsDockerd: true,
    go: (side) => side.dockerd.kill(),
    comeBack: (side) => side.dockerd.start(),
  },
  {
    title: 'dockerd stopped and started',
    go: async (side) => {
      await side.dockerd.stop();
    },
    comeBack: (side) => side.dockerd.start(),
  },
  {
    title: 'both killed, the backend started first',
    killsDockerd: true,
    go: async (side) => {
      await side.dockerd.kill();
      await side.backend.kill();
    },
    comeBack: async (side) => {
      await side.backend.start();
      await side.dockerd.start();
    },
  },
];

const counting = 'i=0; while [ ! -e /tmp/end ]; do i=$((i + 1)); echo $i; sleep 0.02; done; echo last $i; exit 8';

/** docker tells the size after the start. */
const sized = 'while [ "$(stty size 2>/dev/null)" != "40 100" ]; do sleep 0.05; done; stty size';

describeReal('docker with live-restore', () => {
  const sides = new SideBySide((name) => new DockerSide(name, { 'live-restore': true }));
  const same = sides.same.bind(sides);

  for (const { title, go, comeBack, killsDockerd } of absences) {
    same(`${title}: what runs runs on, and what ended meanwhile has ended`, async (side) => {
      await side.docker('run', '-d', '--name', 'stays', 'busybox', 'sh', '-c', counting);
      await side.docker('run', '-d', '--name', 'ends', 'busybox', 'sh', '-c', 'trap "exit 6" TERM; echo ready; while :; do sleep 0.1; done');
      await side.docker('run', '-d', '--name', 'comes-back', '--restart', 'always', 'busybox', 'sleep', '1000');
      await side.docker('run', '-d', '--name', 'frozen', 'busybox', 'sleep', '1000');
      await side.docker('pause', 'frozen');
      await side.untilLogs('ends', (logs) => logs.includes('ready'));
      const pids = new Map<string, number>();
      for (const name of ['stays', 'ends', 'comes-back', 'frozen']) pids.set(name, Number(await side.inspect(name, '{{.State.Pid}}')));
      // kill(2) of 0 would be this process's own group.
      for (const [name, pid] of pids) if (!(pid > 0)) throw new Error(`${name} has the pid ${String(pid)}: it does not run`);
      const pidOf = (name: string): number => pids.get(name) ?? NaN;

      await go(side);
      process.kill(pidOf('ends'), 'SIGTERM');
      process.kill(pidOf('comes-back'), 'SIGKILL');
      await waitForExit(pidOf('ends'));
      await waitForExit(pidOf('comes-back'));
      await comeBack(side);

      await side.untilInspect('ends', '{{.State.Status}} {{.State.ExitCode}}', (seen) => seen === 'exited 6', 40_000);
      await side.untilInspect('comes-back', '{{.State.Status}} {{.State.Pid}}', (seen) => seen.startsWith('running ') && !seen.endsWith(` ${String(pidOf('comes-back'))}`), 40_000);
      expect(await side.inspect('stays', '{{.State.Status}} {{.State.Pid}}')).toBe(`running ${String(pidOf('stays'))}`);
      expect(await side.inspect('frozen', '{{.State.Status}} {{.State.Pid}}')).toBe(`paused ${String(pidOf('frozen'))}`);
      await side.docker('unpause', 'frozen');
      await side.docker('exec', 'frozen', 'echo', 'thawed');
      await side.docker('exec', 'stays', 'sh', '-c', 'exit 3');
      // The container's end may kill it before its own.
      await side.quietly({}, 'exec', 'stays', 'touch', '/tmp/end');
      await side.untilInspect('stays', '{{.State.Status}} {{.State.ExitCode}}', (seen) => seen === 'exited 8');
      const lines = (await side.untilLogs('stays', (logs) => logs.includes('last'))).trim().split('\n');
      // Each line once, in order: nothing was lost between the container and dockerd. A dockerd that is killed takes along what it
      // has read and not written down: the lines of one moment.
      const numbers = lines.slice(0, -1).map(Number);
      const gaps = numbers.flatMap((number, index) => (number === (numbers[index - 1] ?? 0) + 1 ? [] : [number]));
      expect(gaps.length).toBeLessThanOrEqual(killsDockerd === true ? 1 : 0);
      expect(numbers).toEqual([...new Set(numbers)].sort((one, other) => one - other));
      expect(lines.at(-1)).toBe(`last ${String(numbers.at(-1))}`);
      await side.docker('run', '--rm', 'busybox', 'echo', 'a new one');
      await side.docker('rm', '--force', 'stays', 'ends', 'comes-back', 'frozen');
      await side.docker('ps', '--all', '--quiet');
    });
  }

  same('an attached client and an exec live through a kill of the backend', async (side) => {
    const attached = side.dockerd.beside('run', '-i', '--name', 'talk', 'busybox', 'sh', '-c', 'echo ready; while read line; do echo "got $line"; done; exit 5');
    await attached.until((said) => said.includes('ready'), 'the container');
    const exec = side.dockerd.beside('exec', '-i', 'talk', 'sh', '-c', 'echo here; read line; echo "exec got $line"; exit 7');
    await exec.until((said) => said.includes('here'), 'the exec');
    // What they say may come before dockerd has heard that they run.
    await side.untilStatus('talk', 'running');
    await side.untilExecRuns('talk');
    await side.backend.kill();
    attached.write('while away\n');
    await attached.until((said) => said.includes('got while away'), 'an answer while the backend is away');
    await side.startBackend();
    exec.write('hello\n');
    const execOutcome = await exec.outcome();
    expect({ stdout: execOutcome.stdout, code: execOutcome.code }).toEqual({ stdout: 'here\nexec got hello\n', code: 7 });
    attached.write('again\n');
    await attached.until((said) => said.includes('got again'), 'an answer afterwards');
    attached.endInput();
    expect((await attached.outcome()).code).toBe(5);
    await side.docker('rm', 'talk');
  });

  same('a terminal lives through a kill of the backend', async (side) => {
    const terminal = side.dockerd.inTerminal('run', '-it', '--name', 'screen', 'busybox', 'sh', '-c', `${sized}; while read line; do echo "got $line"; [ "$line" = end ] && exit 5; done`);
    await terminal.until((said) => said.includes('40 100'), 'the size of the terminal');
    await side.backend.kill();
    terminal.write('while away\n');
    await terminal.until((said) => said.includes('got while away'), 'an answer while the backend is away');
    await side.startBackend();
    terminal.write('end\n');
    expect((await terminal.outcome()).code).toBe(5);
    await side.docker('rm', 'screen');
  });

  same('the backend killed ten times under load', async (side) => {
    let over = false;
    const kills = (async (): Promise<void> => {
      for (let round = 0; round < 10; round += 1) {
        await side.backend.kill();
        await side.backend.start();
      }
      over = true;
    })();
    const names: string[] = [];
    while (!over) {
      const name = `load-${String(names.length)}`;
      // One that is refused while nobody serves is refused, and no finding; one that was started ends, and is told.
      const { code } = await side.quietly({}, 'run', '-d', '--name', name, 'busybox', 'sh', '-c', 'sleep 0.2; exit 3');
      if (code === 0) names.push(name);
      else await side.quietly({}, 'rm', '--force', name);
    }
    await kills;
    for (const name of names) {
      await until(`the end of ${name}`, () => side.inspect(name, '{{.State.Status}} {{.State.ExitCode}}'), (seen) => seen === 'exited 3');
      await side.quietly({}, 'rm', name);
    }
    // What was refused, and could not be removed while nobody served.
    await side.removeAll();
    await side.docker('ps', '--all', '--quiet');
  });
});
