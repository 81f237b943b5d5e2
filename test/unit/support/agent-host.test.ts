import { existsSync, mkdirSync } from 'node:fs';

import { AgentHost } from '../../support/agent-host';

describe('AgentHost leaves nothing behind', () => {
  let agent: AgentHost;
  beforeEach(() => {
    agent = new AgentHost();
  });
  afterEach(() => {
    expect(existsSync(agent.host.directory)).toBe(false);
  });

  test('where no daemon was started', async () => {
    await agent.cleanUp();
  });

  test('where its daemon cannot be started, also not to end its programs', async () => {
    mkdirSync(agent.host.socketPath);
    await expect(agent.startDaemon()).rejects.toThrow();
    await expect(agent.cleanUp()).rejects.toThrow();
  });
});
