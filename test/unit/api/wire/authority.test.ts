import { once } from 'node:events';
import { createServer } from 'node:http2';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAcceptedAuthority } from '../../../../src/api/wire/authority';
import { encodeHeaderBlock } from '../../../../src/api/wire/hpack-encoder';
import { field, greeting, headers } from './frame-kit';
import { RawClient } from './wire-harness';

/** For each authority (undefined: none), whether Node's HTTP/2 lets a request with it through. */
async function nodeAccepts(authorities: readonly (string | undefined)[], extra: [string, string][] = []): Promise<boolean[]> {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-authority-'));
  const server = createServer();
  server.on('stream', (stream) => {
    stream.respond({ ':status': 200 });
    stream.end();
  });
  server.listen(join(directory, 'sock'));
  await once(server, 'listening');
  const client = new RawClient(join(directory, 'sock'));
  const accepted: boolean[] = [];
  await client.send([greeting()]);
  for (const [turn, authority] of authorities.entries()) {
    const fields = [field(':method', 'GET'), field(':scheme', 'http'), field(':path', '/')];
    if (authority !== undefined) fields.push(field(':authority', authority));
    fields.push(...extra.map(([name, value]) => field(name, value)));
    const streamId = 1 + 2 * turn;
    await client.send([headers(streamId, encodeHeaderBlock(fields), 0x1)]);
    await client.until(() => client.answers.get(streamId)?.ended === true);
    accepted.push(client.answers.get(streamId)?.reset === false);
  }
  await client.close();
  server.close();
  rmSync(directory, { recursive: true });
  return accepted;
}

describe('an accepted authority', () => {
  it('is one that Node lets through: tried with every octet', async () => {
    const authorities = Array.from({ length: 256 }, (_, code) => `a${String.fromCharCode(code)}b`);
    authorities.push('', 'localhost', '/var/run/x.sock', 'unix:///var/run/x.sock', '@', '%2Fa.sock');
    const passed = await nodeAccepts(authorities);
    // Up to Node 22 the two with an at sign are let through as well, and repaired all the same.
    const isSure = (authority: string): boolean => !authority.includes('@');
    expect(passed.filter((_, at) => isSure(authorities[at] ?? ''))).toEqual(authorities.filter(isSure).map(isAcceptedAuthority));
    expect(authorities.filter((authority) => !isSure(authority)).map(isAcceptedAuthority)).toEqual([false, false]);
  });

  it('may be missing beside a host that would be one', async () => {
    expect(await nodeAccepts([undefined])).toEqual([false]);
    const hosts = ['a.b:80', 'a/b', ''];
    for (const host of hosts) {
      expect(await nodeAccepts([undefined], [['host', host]])).toEqual([isAcceptedAuthority(host)]);
    }
    // Beside a good authority, a host may hold a path: an authority is all that such a request lacks.
    expect(await nodeAccepts(['localhost'], [['host', 'a/b']])).toEqual([true]);
  });
});
