#!/usr/bin/env node
// The original containerd's shim, in its protocol alone: one process for each process of a container, started in that
// process's directory with `<container id> <bundle> <runtime>`. Without a terminal it passes the stdio paths
// straight on to the runtime; it shares no code with what it tests.
const { spawn } = require('node:child_process');
const { constants, openSync, closeSync, readFileSync, writeFileSync } = require('node:fs');
const { Socket } = require('node:net');
const { join } = require('node:path');
const { promisify } = require('node:util');
const koffi = require('koffi');

const { copyTerminal, openConsole, resize } = require('./original-terminal.cjs');

const { O_NONBLOCK, O_RDONLY, O_RDWR, O_WRONLY } = constants;
const PR_SET_CHILD_SUBREAPER = 36;
const library = koffi.load(null);
const prctl = library.func('int prctl(int option, ulong a, ulong b, ulong c, ulong d)');
const waitpid = promisify(library.func('int waitpid(int pid, void *status, int options)').async);

const [id, bundle, runtime] = process.argv.slice(2);
const dir = process.cwd();

async function main() {
  if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) !== 0) throw new Error('prctl');
  const record = JSON.parse(readFileSync('process.json', 'utf8'));
  // Held, not used, until the end of this program: its hang-up is the message.
  openSync('exit', O_WRONLY);
  const control = new Socket({ fd: openSync('control', O_RDWR | O_NONBLOCK), readable: true, writable: false });

  const terminal = record.terminal ? openConsole() : undefined;
  let masterFd;
  const output = (path) => openSync(path === '' ? '/dev/null' : path, O_RDWR);
  let stdinKeeper = record.containerdStdin === '' ? undefined : openSync(record.containerdStdin, O_RDWR);
  const stdin = openSync(record.containerdStdin === '' ? '/dev/null' : record.containerdStdin, O_RDONLY);
  const stdio = [stdin, output(record.containerdStdout), output(record.containerdStderr)];
  control.on('data', (lines) => {
    for (const line of lines.toString().split('\n')) {
      const [type, columns, rows] = line.split(' ').map(Number);
      if (type === 1 && masterFd !== undefined) resize(masterFd, columns, rows);
      if (!line.startsWith('0 ') || stdinKeeper === undefined) continue;
      closeSync(stdinKeeper);
      stdinKeeper = undefined;
    }
  });

  const pidFile = join(dir, 'pid');
  const console = terminal === undefined ? [] : ['--console-socket', terminal.path];
  const what = record.exec
    ? ['exec', '-d', '--process', join(dir, 'process.json'), ...console, '--pid-file', pidFile, id]
    : ['create', '--bundle', bundle, ...console, ...(record.noPivotRoot ? ['--no-pivot'] : []), '--pid-file', pidFile, id];
  if ((await call(runtimeArgs(record, what), terminal === undefined ? stdio : 'ignore')) !== 0) return;
  let copied = Promise.resolve();
  if (terminal !== undefined) {
    masterFd = terminal.receive();
    terminal.close();
    copied = new Promise((done) => copyTerminal(masterFd, stdio[0], stdio[1], done));
  }
  // The process has its own now; who keeps another end of stdin open would keep the process from its end.
  for (const fd of stdio) closeSync(fd);

  const status = Buffer.alloc(4);
  await waitpid(Number(readFileSync(pidFile, 'utf8')), status, 0);
  const raw = status.readInt32LE();
  const signal = raw & 0x7f;
  writeFileSync('exitStatus', String(signal === 0 ? (raw >> 8) & 0xff : 128 + signal));
  await copied;
  if (!record.exec) await call(runtimeArgs(record, ['delete', id]), 'ignore');
}

function runtimeArgs(record, what) {
  return ['--log', join(dir, 'log.json'), '--log-format', 'json', ...(record.runtimeArgs ?? []), ...what];
}

function call(args, stdio) {
  return new Promise((resolve, reject) => {
    const child = spawn(runtime, args, { stdio });
    child.once('error', reject);
    child.once('exit', resolve);
  });
}

main().then(
  () => process.exit(0),
  (error) => {
    writeFileSync('shim-log.json', `${JSON.stringify({ level: 'error', msg: String(error) })}\n`, { flag: 'a' });
    process.exit(1);
  },
);
