import { createServer } from 'node:net';
import { once } from 'node:events';
import { openInspector } from '../../../src/daemon/inspector';

test('only a loopback address is opened', async () => {
  for (const host of ['0.0.0.0', '', '::', '10.0.0.1', 'localhost']) {
    await expect(openInspector({ host, port: 0 })).rejects.toMatchObject({ code: 'bad-value' });
  }
});

test('it listens until it is closed', async () => {
  const inspector = await openInspector({ host: '127.0.0.1', port: 0 });
  const { host } = new URL(inspector.url);
  const answer = await fetch(`http://${host}/json/version`);
  expect(await answer.json()).toMatchObject({ Browser: expect.stringMatching(/^node/) as unknown });
  inspector.close();
  await expect(fetch(`http://${host}/json/version`)).rejects.toThrow();
});

test('an address in use is an error', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  await expect(openInspector({ host: '127.0.0.1', port })).rejects.toMatchObject({ code: 'listen-failed' });
  server.close();
});
