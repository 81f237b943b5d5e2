import { createHmac } from 'node:crypto';
import { type IncomingMessage, type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { rmSync, writeFileSync } from 'node:fs';

import { ContainersService, State } from '../../../src/api/gen/holdfast/v1/containers';
import { DefinitionsService } from '../../../src/api/gen/holdfast/v1/definitions';
import { AgentHost } from '../../support/agent-host';
import { within } from '../../support/deadline';
import { describeOnHost, realContainers } from '../../support/requires';
import { killShims } from '../../support/shims';

/** What a listener has written down of an event. */
interface Told {
  readonly name: string;
  readonly serial: number;
  readonly payload: Readonly<Record<string, string>>;
}

describeOnHost('events of the agent', realContainers, () => {
  let agent: AgentHost;
  beforeEach(() => { agent = new AgentHost(); });
  afterEach(() => agent.cleanUp());

  /** A listener in bash that speaks supervisord's protocol. @param answer what it does with an event, in bash: `$count` is its number, `ok` and `fail` answer */
  const listener = (short: string, events: readonly string[], answer = 'ok'): void => {
    const script = [
      'ok() { printf "RESULT 2\\nOK"; }; fail() { printf "RESULT 4\\nFAIL"; }; count=0',
      'while printf "READY\\n"; IFS= read -r header; do',
      'payload=; IFS= read -r -N "${header##*len:}" payload',
      `count=$((count+1)); echo "$header|$payload" >> ${agent.host.own(short)}; echo "had $count" >&2`,
      answer,
      'done',
    ].join('\n');
    const path = agent.host.own(`${short}.sh`);
    writeFileSync(path, script);
    const name = agent.name(short);
    agent.write(`programs/${short}.toml`, `[eventlistener.${name}]\ncommand = ["bash", "${path}"]\nevents = ${JSON.stringify(events)}\nstartsecs = 0\nrestart = { initial = 0.1 }\n`);
  };

  const told = (short: string): Told[] => agent.lines(short).map((line) => {
    const [header = '', payload = ''] = line.split('|');
    const fieldsOf = (text: string): Record<string, string> => Object.fromEntries(text.split(' ').map((pair) => pair.split(':') as [string, string]));
    const { eventname = '', serial = '' } = fieldsOf(header);
    return { name: eventname.replace('PROCESS_STATE_', ''), serial: Number(serial), payload: payload === '' ? {} : fieldsOf(payload) };
  });

  const of = (short: string, process: string): Told[] => told(short).filter(({ payload }) => payload['processname'] === agent.name(process));

  const untilTold = async (short: string, what: string, isIt: () => boolean): Promise<void> => {
    try {
      await agent.until(short, what, isIt);
    } catch (error) {
      throw new Error(`${String(error)}\n${agent.lines(short).join('\n')}`, { cause: error });
    }
  };

  test('a listener is told what becomes of programs, in supervisord\'s words and steps, and is sent again what it refuses', async () => {
    listener('ears', ['PROCESS_STATE', 'SUPERVISOR_STATE_CHANGE_RUNNING'], 'if [ $count = 3 ]; then fail; else ok; fi');
    const gate = agent.host.own('gate');
    agent.define('web', [`command = ["sh", "-c", "while [ ! -e ${gate} ]; do sleep 0.05; done; exit 3"]`, 'startsecs = 0.2', 'restart = { initial = 60 }']);
    await agent.startDaemon();
    await agent.untilState('web', State.RUNNING);
    agent.write('gate', '');
    await agent.untilState('web', State.BACKOFF);
    await agent.ask('stop', 'web');
    await untilTold('ears', 'the stop', () => of('ears', 'web').at(-1)?.name === 'STOPPED');
    const steps = of('ears', 'web').map(({ name, payload }) => `${payload['from_state'] ?? ''} ${name} ${payload['tries'] ?? ''}${payload['expected'] ?? ''}`.trim());
    expect(steps.filter((step, at) => step !== steps[at - 1])).toEqual(['STOPPED STARTING 0', 'STARTING RUNNING', 'RUNNING EXITED 0', 'EXITED BACKOFF 1', 'BACKOFF STOPPED']);
    expect(told('ears').some(({ name }) => name === 'SUPERVISOR_STATE_CHANGE_RUNNING')).toBe(true);
    // The third was refused.
    const serials = told('ears').map(({ serial }) => serial);
    expect(serials[3]).toBe(serials[2]);
    expect(serials.filter((serial, at) => serials.indexOf(serial) === at)).toEqual([...new Set(serials)].sort((a, b) => a - b));
    const [pids] = [of('ears', 'web').filter(({ name }) => name === 'RUNNING' || name === 'EXITED').map(({ payload }) => payload['pid'])];
    expect(new Set(pids).size).toBe(1);
  });

  test('a listener misses nothing while it, the daemon or the shim is away, and is not started anew with them', async () => {
    listener('ears', ['PROCESS_STATE']);
    agent.define('web', ['command = "sleep 1000"', 'startsecs = 0']);
    await agent.startDaemon();
    await untilTold('ears', 'the first start', () => of('ears', 'web').at(-1)?.name === 'RUNNING');
    const { pid } = await agent.look('ears');
    for (let round = 0; round < 3; round += 1) {
      await agent.killDaemon();
      await agent.ask('restart', 'web');
      await killShims(agent.host);
      await agent.ask('restart', 'web');
    }
    await agent.ask('stop', 'web');
    await untilTold('ears', 'the stop', () => of('ears', 'web').at(-1)?.name === 'STOPPED' && (of('ears', 'web').at(-1)?.payload['from_state'] ?? '') === 'STOPPING');
    expect((await agent.look('ears')).pid).toBe(pid);
    // It is away.
    await agent.ask('stop', 'ears');
    await agent.ask('start', 'web');
    await agent.ask('start', 'ears');
    await untilTold('ears', 'what it has missed', () => of('ears', 'web').at(-1)?.name === 'RUNNING');
    // Each begins with the state that the one before has ended with: none is missing, and all are in order.
    const events = of('ears', 'web').filter(({ serial }, at, all) => all.findIndex((other) => other.serial === serial) === at);
    for (const [at, { payload }] of events.entries()) if (at > 0) expect(payload['from_state']).toBe(events[at - 1]?.name);
    expect(events.filter(({ name }) => name === 'RUNNING').length).toBe(8);
    expect((await agent.client.all(DefinitionsService.update, { names: [], dry_run: true })).flatMap(({ name }) => (name === '' ? [] : [name]))).toEqual([]);
  });

  test('one that does not speak the protocol is sent nothing, and keeps nobody else from it', async () => {
    agent.write('programs/mad.toml', `[eventlistener.${agent.name('mad')}]\ncommand = "sh -c 'echo hello; exec sleep 1000'"\nevents = ["EVENT"]\n`);
    listener('ears', ['PROCESS_STATE']);
    await agent.startDaemon();
    await untilTold('ears', 'the other', () => of('ears', 'mad').at(-1)?.name === 'RUNNING');
    await agent.until('mad', 'what is said of it', () => agent.host.daemon.log().includes('an event listener does not speak the protocol'));
    await agent.client.ask(ContainersService.list, { names: [], all_namespaces: false });
  });

  describe('by a webhook', () => {
    let server: Server;
    let posts: { readonly event: string; readonly id: number; readonly isSigned: boolean }[];
    let answers: number[];
    let arrived: () => void;

    beforeEach(async () => {
      posts = [];
      answers = [];
      server = createServer((request: IncomingMessage, response) => {
        const chunks: Buffer[] = [];
        request.on('data', (chunk: Buffer) => chunks.push(chunk));
        request.on('end', () => {
          const body = Buffer.concat(chunks);
          const { event, id } = JSON.parse(body.toString()) as { readonly event: string; readonly id: number };
          posts.push({ event, id, isSigned: request.headers['x-holdfast-signature'] === `sha256=${createHmac('sha256', 'key').update(body).digest('hex')}` });
          response.writeHead(answers.shift() ?? 200, { location: '/elsewhere' }).end();
          arrived();
        });
      });
      await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
      agent.write('secret', 'key\n');
      const { port } = server.address() as AddressInfo;
      agent.write('programs/hook.toml', `[webhook.hook]\nurl = "http://127.0.0.1:${String(port)}/take"\nevents = ["PROCESS_STATE_STARTING", "PROCESS_STATE_EXITED", "PROCESS_STATE_STOPPED"]\nsecret = "${agent.host.own('secret')}"\n`);
    });
    afterEach(() => { server.closeAllConnections(); server.close(); });

    const untilPosts = async (count: number): Promise<void> => {
      while (posts.length < count) await within(new Promise<void>((resolve) => { arrived = resolve; }), `${String(count)} posts`, undefined, () => `${JSON.stringify(posts)}\n${agent.host.daemon.log()}`);
    };

    test('each is sent until it is taken, in order and signed, also by the next daemon; no redirection is followed', async () => {
      arrived = () => undefined;
      agent.define('web', ['command = "sh -c \'exit 0\'"', 'startsecs = 0', 'autostart = false']);
      await agent.startDaemon();
      answers.push(302, 500);
      await agent.ask('start', 'web');
      // Refused twice: the pauses are a second, and two.
      await untilPosts(2);
      await agent.killDaemon();
      await untilPosts(4);
      expect(posts.map(({ event }) => event)).toEqual(['PROCESS_STATE_STARTING', 'PROCESS_STATE_STARTING', 'PROCESS_STATE_STARTING', 'PROCESS_STATE_EXITED']);
      expect(posts.every(({ isSigned }) => isSigned)).toBe(true);
      expect(agent.host.daemon.log()).not.toContain('"key"');
    });
  });

  test('events that nobody is told of, and a listener whose shape is wrong, are errors of the definition', async () => {
    await agent.startDaemon();
    agent.write('programs/bad.toml', '[eventlistener.bad]\ncommand = "cat"\nevents = ["PROCESS_LOG", "TICKS_5"]\n');
    const { errors } = await agent.client.ask(DefinitionsService.reread, {});
    rmSync(agent.host.own('programs/bad.toml'));
    expect(errors).toEqual([
      `${agent.host.own('programs/bad.toml')}:3:1: eventlistener.bad: events: nobody is told of PROCESS_LOG here: what programs write is in their logs`,
      `${agent.host.own('programs/bad.toml')}:3:1: eventlistener.bad: events: unknown event "TICKS_5"; did you mean "TICK_5"?`,
    ]);
  });
});
