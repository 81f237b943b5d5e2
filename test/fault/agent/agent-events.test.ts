import { writeFileSync } from 'node:fs';

import { State } from '../../../src/api/gen/holdfast/v1/containers';
import { AgentHost } from '../../support/agent-host';
import { within } from '../../support/deadline';
import { describeOnHost, realContainers } from '../../support/requires';

/** Writes of states, and moments of a program's life, several times each; and the steps of an event's way to the listener and of its answer. */
const faults: readonly string[] = [
  ...[2, 4, 6, 9].map((nth) => `daemon.agent.before-write=kill:${String(nth)}`),
  ...[2, 4, 6, 9].map((nth) => `daemon.agent.written=kill:${String(nth)}`),
  'daemon.agent.before-start=kill:2', 'daemon.agent.started=kill:1', 'daemon.agent.started=kill:2', 'daemon.records.written=kill:12',
  // Its first word, and more than one event.
  ...(['before-send', 'sent', 'noted', 'heard'] as const).flatMap((step) => [1, 2, 3, 4].map((nth) => `daemon.listener.${step}=kill:${String(nth)}`)),
];

/** A listener in bash that writes each event down before it answers. */
const speech = (file: string): string => [
  'while printf "READY\\n"; IFS= read -r header; do payload=; IFS= read -r -N "${header##*len:}" payload',
  `echo "$header|$payload" >> ${file}; printf "RESULT 2\\nOK"; done`,
].join('\n');

describeOnHost('a listener whose daemon is killed', realContainers, () => {
  let agent: AgentHost;
  beforeEach(() => { agent = new AgentHost(); });
  afterEach(() => agent.cleanUp());

  const steps = (): readonly { readonly serial: string; readonly from: string; readonly to: string }[] => agent.lines('told').flatMap((line) => {
    const [, serial = '', to = '', process = '', from = ''] = /serial:(\d+) .*eventname:PROCESS_STATE_(\w+) .*processname:(\S+) .*from_state:(\w+)/.exec(line) ?? [];
    return process === agent.name('web') ? [{ serial, from, to }] : [];
  });

  test.each(faults)('at %s is told of each step once that is written, in order', async (fault) => {
    const mark = agent.host.own('struck');
    writeFileSync(agent.host.own('ears.sh'), speech(agent.host.own('told')));
    agent.write('programs/ears.toml', `[eventlistener.${agent.name('ears')}]\ncommand = ["bash", "${agent.host.own('ears.sh')}"]\nevents = ["PROCESS_STATE"]\nstartsecs = 0\n`);
    agent.define('web', ['command = "false"', 'startsecs = 10', 'startretries = 3'], { restart: ['initial = 0.1', 'max = 0.2'] });
    // It may die before it serves.
    await agent.startDaemon({ HOLDFAST_FAULTS: `${fault}@${mark}` }).catch((error: unknown) => { if (!agent.host.daemon.hasEnded) throw error; });
    await within(agent.host.daemon.exited, 'the end of the daemon', undefined, () => agent.host.daemon.log());
    await agent.startDaemon();
    await agent.untilState('web', State.FATAL);
    const isTold = async (): Promise<void> => { while (steps().at(-1)?.to !== 'FATAL') await agent.look('web'); };
    await within(isTold(), 'the last step', undefined, () => `${agent.lines('told').join('\n')}\n${agent.host.daemon.log()}`);
    const once = steps().filter(({ serial }, at, all) => all.findIndex((other) => other.serial === serial) === at);
    for (const [at, { from }] of once.entries()) expect([at, from]).toEqual([at, at === 0 ? 'STOPPED' : once[at - 1]?.to]);
    // What is told twice is told of the event that was under way.
    expect(steps().length - once.length).toBeLessThanOrEqual(1);
    // It is the same one all the time, and nothing is told to another.
    expect(agent.host.daemon.log()).not.toContain('where an event listener stands is not known');
  });
});
