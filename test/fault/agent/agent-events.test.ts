import { writeFileSync } from 'node:fs';

import { State } from '../../../src/api/gen/holdfast/v1/containers';
import { AgentHost } from '../../support/agent-host';
import { within } from '../../support/deadline';
import { describeOnHost, realContainers } from '../../support/requires';
import { SharedAgent } from '../../support/shared-agent';
import { until } from '../../support/until';

/** Writes of states, and moments of a program's life, several times each: some come while the daemon starts. */
const ofStates: readonly string[] = [
  ...[2, 4, 6, 9].map((nth) => `daemon.agent.before-write=kill:${String(nth)}`),
  ...[2, 4, 6, 9].map((nth) => `daemon.agent.written=kill:${String(nth)}`),
  'daemon.agent.before-start=kill:2', 'daemon.agent.started=kill:1', 'daemon.agent.started=kill:2', 'daemon.records.written=kill:12',
];

/** The steps of an event's way to the listener and of its answer: its first word, and more than one event. */
const ofListener: readonly string[] = (['before-send', 'sent', 'noted', 'heard'] as const).flatMap((step) => [1, 2, 3, 4].map((nth) => `daemon.listener.${step}=kill:${String(nth)}`));

/** A listener in bash that writes each event down before it answers. */
const speech = (file: string): string => [
  'while printf "READY\\n"; IFS= read -r header; do payload=; IFS= read -r -N "${header##*len:}" payload',
  `echo "$header|$payload" >> ${file}; printf "RESULT 2\\nOK"; done`,
].join('\n');

describeOnHost('a listener whose daemon is killed', realContainers, () => {
  let agent: AgentHost;

  const define = (): void => {
    writeFileSync(agent.host.own('ears.sh'), speech(agent.host.own('told')));
    agent.write('programs/ears.toml', `[eventlistener.${agent.name('ears')}]\ncommand = ["bash", "${agent.host.own('ears.sh')}"]\nevents = ["PROCESS_STATE"]\nstartsecs = 0\n`);
    agent.define('web', ['command = "false"', 'startsecs = 10', 'startretries = 3'], { restart: ['initial = 0.1', 'max = 0.2'] });
  };

  const steps = (): readonly { readonly serial: string; readonly from: string; readonly to: string }[] => agent.lines('told').flatMap((line) => {
    const [, serial = '', to = '', process = '', from = ''] = /serial:(\d+) .*eventname:PROCESS_STATE_(\w+) .*processname:(\S+) .*from_state:(\w+)/.exec(line) ?? [];
    return process === agent.name('web') ? [{ serial, from, to }] : [];
  });

  const untilDead = (): Promise<unknown> => within(agent.host.daemon.exited, 'the end of the daemon', undefined, () => agent.host.daemon.log());

  const expectAllTold = async (): Promise<void> => {
    await agent.untilState('web', State.FATAL);
    const seen = (): string => `${agent.lines('told').join('\n')}\n${agent.host.daemon.log()}`;
    await until('the last step', () => steps().at(-1)?.to ?? seen(), (step) => step === 'FATAL');
    const once = steps().filter(({ serial }, at, all) => all.findIndex((other) => other.serial === serial) === at);
    for (const [at, { from }] of once.entries()) expect([at, from]).toEqual([at, at === 0 ? 'STOPPED' : once[at - 1]?.to]);
    // What is told twice is told of the event that was under way.
    expect(steps().length - once.length).toBeLessThanOrEqual(1);
    // It is the same one all the time, and nothing is told to another.
    expect(agent.host.daemon.log()).not.toContain('where an event listener stands is not known');
  };

  describe('as it starts them', () => {
    beforeEach(() => { agent = new AgentHost(); });
    afterEach(() => agent.cleanUp());

    test.each(ofStates)('at %s is told of each step once that is written, in order', async (fault) => {
      define();
      // It may die before it serves.
      await agent.startDaemon({ HOLDFAST_FAULTS: `${fault}@${agent.host.own('struck')}` }).catch((error: unknown) => { if (!agent.host.daemon.hasEnded) throw error; });
      await untilDead();
      await agent.startDaemon();
      await expectAllTold();
    });
  });

  describe('as it tells it of one', () => {
    const shared = new SharedAgent(ofListener);
    beforeEach(async () => { agent = await shared.take(); });
    afterEach(() => shared.giveBack());
    afterAll(() => shared.close());

    test.each(ofListener)('at %s is told of each step once that is written, in order', async (fault) => {
      define();
      shared.faults.arm(fault);
      await agent.takeUp().catch((error: unknown) => { if (!agent.host.daemon.hasEnded) throw error; });
      await untilDead();
      expect(shared.faults.haveStruck).toBe(true);
      await agent.startAgain();
      await expectAllTold();
    });
  });
});
