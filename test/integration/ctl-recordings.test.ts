import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { Ctl } from '../support/ctl';
import { describeOnHost, realContainers } from '../support/requires';
import { splitWords } from '../../src/runtime/text/words';
import { TestHost } from '../support/test-host';

interface Entry {
  readonly command: string;
  readonly stdout: string;
  readonly status: number;
}

const fixtures = join(__dirname, '../fixtures/supervisorctl');
const entriesOf = (scenario: string): readonly Entry[] => {
  const file = readdirSync(fixtures).find((name) => name.startsWith(scenario) && name.endsWith('.json')) ?? '';
  return (JSON.parse(readFileSync(join(fixtures, file), 'utf8')) as { readonly entries: readonly Entry[] }).entries;
};

/** Programs of the recordings that can be had without a file that defines them: those that have run. */
const long = 'a_program_with_a_name_of_more_than_thirty_characters';
const programs: Readonly<Record<string, readonly string[]>> = {
  running: ['sleep', '1000'],
  stopped: ['sleep', '1000'],
  exited_ok: ['true'],
  exited_bad: ['sh', '-c', 'exit 3'],
  [long]: ['sleep', '1000'],
};
/** Of other programs: what they need is not there yet (retries, start seconds, groups, programs that were never started). */
const others = /\b(notstarted|fatal\w*|backoff|starting|stopping|pair|left|right|web|web_0\d)\b/;

/** Where ours differs on purpose, by command: why. */
const differences: Readonly<Record<string, string>> = {
  'status running running': 'a name that is given twice is shown once',
  'signal 0 running': 'signal 0 reaches nobody: it is no signal',
};
/** All of what these print is about all programs, others among them. */
const isAboutAll = (command: string): boolean => /^\w+( \w+)? all\b/.test(command) || command === 'status';

/** Pids, uptimes and dates are not those of the recording. */
const normal = (text: string): string =>
  text.replaceAll(/pid \d+/g, 'pid N').replaceAll(/^\d+$/gm, (pid) => (pid === '0' ? '0' : 'N')).replaceAll(/uptime [\d:]+/g, 'uptime T').replaceAll(/\w{3} \d\d \d\d:\d\d [AP]M/g, 'DATE');

describeOnHost('recordings of supervisorctl', realContainers, () => {
  let host: TestHost;
  let ctl: Ctl;
  beforeAll(async () => {
    host = await TestHost.withDaemon();
    ctl = new Ctl(host);
    for (const [name, args] of Object.entries(programs)) await ctl.prints('start', name, host.bundle(name, { args }));
    await ctl.prints('stop', 'stopped', '-t', '0');
    for (const name of ['exited_ok', 'exited_bad']) await ctl.prints('wait', name);
  });
  afterAll(async () => {
    ctl.close();
    await ctl.run('rm', '--force', 'all');
    await host.cleanUp();
  });

  // In the order of the recording: each goes on from what the one before has left.
  describe.each(['01-status', '02-pid', '03-signal', '04-start', '05-stop', '06-restart'])('%s', (scenario) => {
    const entries = entriesOf(scenario).filter(({ command }) => !others.test(command) && !isAboutAll(command.replace('supervisorctl ', '')));
    test.each(entries.map((entry) => [entry.command.replace('supervisorctl ', ''), entry] as const))('%s', async (command, recorded) => {
      // What nobody answers to with SIGTERM need not be waited for.
      const args = [...(splitWords(command) ?? []), ...(/^(stop|restart) \w/.test(command) ? ['-t', '0'] : [])];
      const { status, stdout } = await ctl.run(...args);
      // After its first line a verb without its names shows its help there: here that is on stderr.
      const expected = recorded.stdout.startsWith('Error: ') ? `${recorded.stdout.split('\n')[0] ?? ''}\n` : recorded.stdout;
      const same = { status: recorded.status, stdout: normal(expected) };
      if (differences[command] === undefined) expect({ status, stdout: normal(stdout) }).toEqual(same);
      else expect({ status, stdout: normal(stdout) }).not.toEqual(same);
    });
  });
});
