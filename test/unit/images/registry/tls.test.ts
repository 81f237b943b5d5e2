import { mkdtempSync, rmSync } from 'node:fs';
import { type Server, createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { askFollowing } from '../../../../src/images/registry/follow';
import { HttpClient } from '../../../../src/images/registry/http-client';
import { Proxies } from '../../../../src/images/registry/proxies';
import { queuedLookup } from '../../../../src/sys/sockets/queued-lookup';
import { type Certificate, makeCertificate } from '../../../support/certificate';

const variables = ['SSL_CERT_FILE', 'NODE_EXTRA_CA_CERTS'] as const;

describe('a registry by https', () => {
  const before = new Map(variables.map((name) => [name, process.env[name]]));
  let directory: string;
  let made: Certificate;
  let server: Server;
  let client: HttpClient;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'holdfast-tls-'));
    made = makeCertificate(directory, 'IP:127.0.0.1');
    server = createServer(made, (request, response) => {
      if (request.url === '/redirected') response.writeHead(307, { location: 'http://127.0.0.1:1/?signature=secret' });
      response.end('well');
    });
    await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  });
  beforeEach(() => {
    for (const name of variables) delete process.env[name];
    client = new HttpClient({ lookup: queuedLookup(), proxies: new Proxies({}), patience: { answerMs: 60_000, idleMs: 60_000 }, signal: new AbortController().signal });
  });
  afterEach(() => {
    client.close();
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  });
  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => { server.close(resolve); });
    rmSync(directory, { recursive: true });
  });

  const url = (host: string, path = '/') => new URL(`https://${host}:${String((server.address() as AddressInfo).port)}${path}`);
  const asked = async (at: URL): Promise<string> => (await client.wholeOf(await askFollowing(client, at, {}, undefined), 100)).toString();

  test('is not asked where nobody vouches for it', async () => {
    await expect(asked(url('127.0.0.1'))).rejects.toThrow(/: self-signed certificate$/);
  });

  test.each(variables)('is asked where %s vouches for it, by the name of its certificate alone', async (name) => {
    process.env[name] = made.path;
    expect(await asked(url('127.0.0.1'))).toBe('well');
    await expect(asked(url('localhost'))).rejects.toThrow(/does not match certificate's altnames/);
  });

  test('is not left for what is not encrypted, on this machine neither', async () => {
    process.env['SSL_CERT_FILE'] = made.path;
    await expect(asked(url('127.0.0.1', '/redirected'))).rejects.toThrow('a redirection leads to http://127.0.0.1:1, which is not encrypted');
  });
});
