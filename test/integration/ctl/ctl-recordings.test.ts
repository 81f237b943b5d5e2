import { chmodSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { ContainersService, State } from '../../../src/api/gen/holdfast/v1/containers';
import { splitWords } from '../../../src/runtime/text/words';
import { endPrograms } from '../../support/agent-host';
import { ContainerdClient } from '../../support/containerd-client';
import { Ctl, type CtlEnd } from '../../support/ctl';
import { describeOnHost, realContainers } from '../../support/requires';
import { allOfAProgram, normal, ownHelp, twice } from '../../support/supervisorctl-words';
import { TestHost } from '../../support/test-host';
import { until } from '../../support/until';

interface Entry {
  readonly command: string;
  readonly stdout: string;
  readonly status: number;
}

const fixtures = join(__dirname, '../../fixtures/supervisorctl');
const entriesOf = (scenario: string): readonly Entry[] => {
  const file = readdirSync(fixtures).find((name) => name.startsWith(scenario) && name.endsWith('.json')) ?? '';
  return (JSON.parse(readFileSync(join(fixtures, file), 'utf8')) as { readonly entries: readonly Entry[] }).entries;
};

const backoffStarts = 'start does not wait for the pause of one in BACKOFF: it starts it now (`why` offers that); supervisorctl says that it is started';

/** Where ours differs on purpose, by command: why. Of scenarios that go on from it, `not run` is what would leave something else behind. */
const differences: Readonly<Record<string, { readonly why: string; readonly isRun: boolean }>> = {
  'status web': { why: allOfAProgram, isRun: true },
  "pid 'web:*'": { why: 'a pattern means the same in every verb', isRun: true },
  'pid web': { why: allOfAProgram, isRun: true },
  'start web': { why: allOfAProgram, isRun: false },
  'restart web': { why: allOfAProgram, isRun: false },
  'status running running': { why: twice, isRun: true },
  'start bad bad': { why: twice, isRun: true },
  'signal 0 running': { why: 'signal 0 reaches nobody: it is no signal', isRun: true },
  'start backoff': { why: backoffStarts, isRun: false },
  'start nofile bad': { why: 'it is FATAL by now; in the recording it was still in BACKOFF', isRun: true },
  'start bad ok': { why: 'the same', isRun: true },
  'status all nosuch': { why: 'one whose command is not there is FATAL, with why (cli.md, status)', isRun: true },
  '-i status ok': { why: 'without a command it is a shell: there is no flag for one', isRun: true },
  version: { why: 'it is another program', isRun: true },
  help: { why: ownHelp, isRun: true },
  '-h': { why: ownHelp, isRun: true },
  '-v': { why: 'alone it is the version, as with docker and ctr', isRun: true },
  nosuchcommand: { why: 'a verb that there is not is 2, with near ones (cli.md, help); in the shell it is as recorded', isRun: true },
  'nosuchcommand x': { why: 'the same', isRun: true },
  avail: { why: 'of other programs', isRun: true },
};
const differenceOf = (command: string): { readonly why: string; readonly isRun: boolean } | undefined =>
  differences[command] ?? (/^help [a-z]+$/.test(command) && command !== 'help nosuch' ? { why: ownHelp, isRun: true } : undefined);

/** What a command leads to by and by, and the next one in the recording has found. */
const thenUntil: Readonly<Record<string, Readonly<Record<string, string>>>> = { 'signal KILL stopping': { stopping: 'STOPPED' } };

interface Lab {
  readonly ctl: () => Ctl;
  readonly untilStates: (states: Readonly<Record<string, string>>) => Promise<void>;
}

/** A daemon that keeps running what a fixture defines. */
function withPrograms(definitions: string): Lab {
  let host: TestHost;
  let ctl: Ctl;
  beforeAll(async () => {
    host = new TestHost();
    mkdirSync(host.own('programs'));
    writeFileSync(host.own('noexec.txt'), 'no program\n');
    writeFileSync(host.own('badinterp'), '#!/no/such/interpreter\n');
    chmodSync(host.own('badinterp'), 0o755);
    const text = readFileSync(join(fixtures, definitions), 'utf8').replaceAll('HOST', host.own('.'));
    writeFileSync(`${host.own('programs')}/lab.toml`, text);
    await host.startDaemon({ flags: ['--programs', host.own('programs')] });
    ctl = new Ctl(host);
  });
  afterAll(async () => {
    ctl.close();
    // What takes an hour to stop is not waited for.
    await ctl.run('signal', 'KILL', 'stopping');
    await endPrograms(host);
    await host.cleanUp();
  });
  const statesNow = async (): Promise<readonly (readonly [string, string])[]> => {
    const client = new ContainerdClient(host.socketPath);
    try {
      const { containers } = await client.ask(ContainersService.list, { names: [], all_namespaces: false });
      return containers.map(({ name, state }) => [name, State[state]]);
    } finally {
      client.close();
    }
  };
  return {
    ctl: () => ctl,
    untilStates: async (states) => {
      await until(JSON.stringify(states), statesNow, (now) => Object.entries(states).every(([name, state]) => now.some(([one, its]) => one === name && its === state)));
    },
  };
}

/** In the order of the recording: each goes on from what the one before has left. The program is started for the first of a scenario; what it runs then is the same for all. */
function replay(scenario: string, { ctl, untilStates }: Lab): void {
  const entries = entriesOf(scenario).filter(({ command }) => command.startsWith('supervisorctl'));
  const first = entries[0];
  test.each(entries.map((entry) => [entry.command.replace('supervisorctl ', '').replace('supervisorctl', ''), entry] as const))('%s', async (command, recorded) => {
    const difference = differenceOf(command);
    if (difference?.isRun === false) return;
    const words = splitWords(command) ?? [];
    const { status, stdout }: CtlEnd = await (recorded === first ? ctl().run(...words) : ctl().runHere(...words));
    const ours = { status, stdout: normal(stdout, command) };
    const theirs = { status: recorded.status, stdout: normal(recorded.stdout, command) };
    if (difference === undefined) expect(ours).toEqual(theirs);
    else expect(ours).not.toEqual(theirs);
    const states = thenUntil[command];
    if (states !== undefined) await untilStates(states);
  });
}

describeOnHost('recordings of supervisorctl', realContainers, () => {
  describe('of one daemon', () => {
    const lab = withPrograms('01-status.toml');
    const { ctl, untilStates } = lab;
    beforeAll(async () => {
      await untilStates({ exited_ok: 'EXITED', exited_bad: 'EXITED', fatal: 'FATAL', fatal_nocommand: 'FATAL', fatal_notexec: 'FATAL', fatal_badinterp: 'FATAL', fatal_dir: 'FATAL', backoff: 'BACKOFF', running: 'RUNNING' });
      await ctl().prints('stop', 'stopped');
      // It goes on stopping without the one that asked for it.
      const asking = ctl().start('stop', 'stopping');
      await untilStates({ stopping: 'STOPPING' });
      asking.kill('SIGKILL');
      await asking.ended;
    });

    describe.each(['01-status', '02-pid', '03-signal', '04-start', '05-stop', '06-restart', '07-stop-all'])('%s', (scenario) => {
      replay(scenario, lab);
    });
  });

  describe('08-abnormal-termination', () => {
    const { ctl, untilStates } = withPrograms('08-abnormal-termination.toml');
    beforeAll(() => untilStates({ slow: 'STARTING' }));

    test('a start that somebody stops, and one that ends at once', async () => {
      const recorded = entriesOf('08').map(({ status, stdout }) => ({ status, stdout: normal(stdout, '') }));
      const run = async (...args: readonly string[]): Promise<object> => {
        const { status, stdout } = await ctl().run(...args);
        return { status, stdout: normal(stdout, '') };
      };
      const ours = [await run('status', 'slow'), await run('stop', 'slow')];
      const starting = ctl().start('start', 'slow');
      await untilStates({ slow: 'STARTING' });
      await ctl().prints('stop', 'slow');
      const { status, stdout } = await starting.ended;
      ours.push({ status, stdout }, await run('start', 'diesinstart'), await run('status', 'diesinstart'));
      expect(ours).toEqual(recorded);
    });
  });

  describe('of another', () => {
    const lab = withPrograms('28-several-names.toml');
    const { ctl, untilStates } = lab;
    beforeAll(async () => {
      await untilStates({ ok: 'RUNNING', 'pair:left': 'RUNNING', 'pair:right': 'RUNNING', 'web:web_00': 'RUNNING', 'web:web_01': 'RUNNING' });
      await ctl().prints('stop', 'ok');
    });

    describe.each(['28-several-names-exit-status', '13-help-version'])('%s', (scenario) => {
      replay(scenario, lab);
    });
  });
});
