// Writes holdfastctl.cache beside holdfastctl.js: what V8 has compiled of it by the time that its quick verbs have run (src/ctl/launch.ts).
// They run in here, each against a stand-in for the daemon. Called by build.mjs with the directory of the programs.
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http2';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Script } from 'node:vm';

const runs = [['--version'], ['status'], ['__names', '--state', 'running'], ['ps']];
/** ListResponse of proto/holdfast/v1/containers.proto, in gRPC's frame: a container `a`, RUNNING, with pid and start. */
const oneContainer = Buffer.from([0, 0, 0, 0, 13, 0x0a, 11, 0x0a, 1, 0x61, 0x20, 3, 0x40, 53, 0x4a, 2, 0x08, 1]);

const directory = resolve(process.argv[2] ?? 'bin');
const filename = join(directory, 'holdfastctl.js');
const scratch = mkdtempSync(join(tmpdir(), 'holdfast-cache-'));
const socket = join(scratch, 'api.sock');
const server = createServer((_request, response) => {
  response.writeHead(200, { 'content-type': 'application/grpc' });
  response.addTrailers({ 'grpc-status': '0' });
  response.end(oneContainer);
}).listen(socket);
try {
  await once(server, 'listening');
  const script = new Script(readFileSync(filename, 'latin1'), { filename });
  const load = createRequire(filename);
  const exit = process.exit;
  for (const args of runs) {
    process.argv = [process.execPath, 'holdfastctl', '--address', socket, ...args];
    const ended = new Promise((settle) => { process.exit = settle; });
    script.runInThisContext()(load);
    const status = await ended;
    if (status !== 0) throw new Error(`holdfastctl ${args.join(' ')} ended with ${status}`);
  }
  process.exit = exit;
  writeFileSync(join(directory, 'holdfastctl.cache'), script.createCachedData());
} finally {
  rmSync(scratch, { recursive: true });
}
process.exit();
