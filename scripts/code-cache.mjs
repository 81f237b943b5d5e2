// Writes holdfastctl.cache, holdfastctl-names.cache and holdfastd.cache beside the programs: what V8 has compiled of them by the time that they have done what they mostly do
// (src/sys/compiled-program.ts). Called by build.mjs, and where the package is installed, with the directory of the programs.
//   node scripts/code-cache.mjs bin
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http2';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Script } from 'node:vm';
import { Worker } from 'node:worker_threads';

const runs = {
  holdfastctl: [['--version'], ['status'], ['ps']],
  'holdfastctl-names': [['__names', '--state', 'running']],
};
/** ListResponse of proto/holdfast/v1/containers.proto, in gRPC's frame: a container `a`, RUNNING, with pid and start. */
const oneContainer = Buffer.from([0, 0, 0, 0, 13, 0x0a, 11, 0x0a, 1, 0x61, 0x20, 3, 0x40, 53, 0x4a, 2, 0x08, 1]);
/** What the daemon is asked for. Where this machine lets nothing run, what leads there is compiled all the same. */
const requests = [['status'], ['run', '--rm', '--host', '--', 'true'], ['run', '--rm', '--host', '--', 'true'], ['ps'], ['status']];

const directory = resolve(process.argv[2] ?? 'bin');

/** A program's bundle, to be run in this process, and its cache, to be written once it has run. */
function open(name) {
  const filename = join(directory, `${name}.js`);
  const source = readFileSync(filename, 'latin1');
  const script = new Script(source, { filename });
  const load = () => {
    const module = { exports: {} };
    script.runInThisContext()(createRequire(filename), module);
    return module.exports;
  };
  const digest = source.slice('//'.length, source.indexOf('\n'));
  const write = () => { writeFileSync(join(directory, `${name}.cache`), Buffer.concat([Buffer.from(digest, 'latin1'), script.createCachedData()])); };
  return { load, write };
}

/** Its quick verbs, in here, each against a stand-in for the daemon. */
async function cacheCtl(scratch) {
  const socket = join(scratch, 'stand-in.sock');
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/grpc' });
    response.addTrailers({ 'grpc-status': '0' });
    response.end(oneContainer);
  }).listen(socket);
  await once(server, 'listening');
  const exit = process.exit;
  for (const [name, commandLines] of Object.entries(runs)) {
    const { load, write } = open(name);
    for (const args of commandLines) {
      process.argv = [process.execPath, 'holdfastctl', '--address', socket, ...args];
      const ended = new Promise((settle) => { process.exit = settle; });
      load();
      const status = await ended;
      if (status !== 0) throw new Error(`holdfastctl ${args.join(' ')} ended with ${status}`);
    }
    write();
  }
  process.exit = exit;
}

/** A daemon of its own process, with the flags that V8 is always given for it, asked for what it is mostly asked for. */
async function cacheDaemon(scratch) {
  const [, flags] = /exec \S+ (.*) "\$0"/.exec(readFileSync(join(directory, 'holdfastd'), 'utf8'));
  const daemon = spawn(process.execPath, [...flags.split(' '), fileURLToPath(import.meta.url), directory, scratch], { stdio: ['pipe', 'ignore', 'pipe'] });
  const ended = once(daemon, 'exit');
  const said = createInterface({ input: daemon.stderr });
  await new Promise((settle, fail) => {
    const lines = [];
    said.on('line', (line) => {
      lines.push(line);
      if (line.includes('"msg":"ready"')) settle();
    });
    void ended.then(() => { fail(new Error(`the daemon ended:\n${lines.join('\n')}`)); });
  });
  for (const args of requests) await promisify(execFile)(join(directory, 'holdfastctl'), ['--address', `unix://${scratch}/api.sock`, ...args]).catch(() => undefined);
  daemon.stdin.end();
  await ended;
}

/** That process. */
function runDaemon(scratch) {
  const args = ['--state-dir', join(scratch, 'state'), '--root', join(scratch, 'root'), '--programs', join(scratch, 'programs'), '--listen', `unix://${scratch}/api.sock`];
  process.argv = [process.execPath, join(directory, 'holdfastd'), ...args];
  const { load, write } = open('holdfastd');
  const thread = new Worker(join(directory, 'holdfast-records'), { trackUnmanagedFds: false });
  load().holdfastd(args, () => thread);
  process.stdin.resume().on('end', () => {
    write();
    process.kill(process.pid, 'SIGTERM');
  });
}

const theirs = process.argv[3];
if (theirs !== undefined) {
  runDaemon(theirs);
} else {
  const scratch = mkdtempSync(join(tmpdir(), 'holdfast-cache-'));
  try {
    await cacheCtl(scratch);
    // It wants to be root. Without its cache it takes longer to start, and nothing else.
    await cacheDaemon(scratch).catch((error) => { process.stderr.write(`no code cache for holdfastd: ${error.message}\n`); });
  } finally {
    rmSync(scratch, { recursive: true, maxRetries: 3 });
  }
  process.exit();
}
