import { type Server, createServer } from 'node:https';
import type { AddressInfo } from 'node:net';

import { State } from '../../../src/api/gen/holdfast/v1/containers';
import { makeCertificate } from '../../support/certificate';
import { AgentHost } from '../../support/agent-host';
import { within } from '../../support/deadline';
import { describeOnHost, realContainers } from '../../support/requires';

describeOnHost('webhooks and health checks by https', realContainers, () => {
  let agent: AgentHost;
  let server: Server;
  let certificate: string;
  let asked: { readonly path: string; readonly event: string }[];
  let arrived: () => void;

  beforeEach(async () => {
    agent = new AgentHost();
    asked = [];
    arrived = () => undefined;
    const made = makeCertificate(agent.host.own('.'), 'IP:127.0.0.1');
    certificate = made.path;
    server = createServer(made, (request, response) => {
      asked.push({ path: request.url ?? '', event: String(request.headers['x-holdfast-event']) });
      request.resume();
      response.end();
      arrived();
    });
    await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  });
  afterEach(async () => {
    server.closeAllConnections();
    server.close();
    await agent.cleanUp();
  });

  const url = (host: string, path: string): string => `https://${host}:${String((server.address() as AddressInfo).port)}/${path}`;

  const defineHook = (short: string, host: string): void => {
    agent.write(`programs/${short}.toml`, `[webhook.${short}]\nurl = "${url(host, short)}"\nevents = ["PROCESS_STATE_STARTING", "PROCESS_STATE_STOPPED"]\n`);
  };

  const defineWeb = (host: string): void => {
    agent.define('web', ['command = "sleep 1000"', 'startsecs = 0'], { health: [`http = "${url(host, 'well')}"`, 'interval = 0.1', 'on_failure = "none"'] });
  };

  const ofHook = (short: string): readonly string[] => asked.filter(({ path }) => path === `/${short}`).map(({ event }) => event);

  const untilSent = (short: string, count: number): Promise<void> => within((async () => {
    while (ofHook(short).length < count) await new Promise<void>((resolve) => { arrived = resolve; });
  })(), `${String(count)} posts`, undefined, () => `${JSON.stringify(asked)}\n${agent.host.daemon.log()}`);

  test('who has a certificate that nobody vouches for is sent nothing, and all of it once NODE_EXTRA_CA_CERTS does', async () => {
    defineHook('hook', '127.0.0.1');
    defineWeb('127.0.0.1');
    await agent.startDaemon();
    await agent.until('web', 'what is wrong', ({ reason }) => reason.includes('self-signed certificate'));
    await agent.ask('stop', 'web');
    await agent.until('web', 'what is said of the webhook', () => /"problem":"self-signed certificate\b/.test(agent.host.daemon.log()));
    expect(asked).toEqual([]);
    await agent.host.stopDaemon('SIGKILL');
    await agent.startDaemon({ NODE_EXTRA_CA_CERTS: certificate });
    await untilSent('hook', 2);
    expect(ofHook('hook')).toEqual(['PROCESS_STATE_STARTING', 'PROCESS_STATE_STOPPED']);
    await agent.ask('start', 'web');
    await within((async () => {
      while (!asked.some(({ path }) => path === '/well')) await new Promise<void>((resolve) => { arrived = resolve; });
    })(), 'a health check');
    expect((await agent.untilState('web', State.RUNNING)).reason).toBe('');
  });

  test('who has a certificate of another name is sent nothing', async () => {
    defineHook('hook', 'localhost');
    defineWeb('localhost');
    await agent.startDaemon({ NODE_EXTRA_CA_CERTS: certificate });
    const problem = "does not match certificate's altnames";
    await agent.until('web', 'what is wrong', ({ reason }) => reason.includes(problem));
    await agent.until('web', 'what is said of the webhook', () => agent.host.daemon.log().split('\n').some((line) => line.includes('a webhook does not take') && line.includes(problem)));
    expect(asked).toEqual([]);
  });
});
