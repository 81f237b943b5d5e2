// The terminal of the original's shim: the runtime sends the pty's master over a unix socket, and two programs copy
// between it and the client's FIFOs. Like original-shim.cjs it shares no code with what it tests.
const { spawn } = require('node:child_process');
const { closeSync, mkdtempSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const koffi = require('koffi');

const AF_UNIX = 1;
const SOCK_STREAM_CLOEXEC = 0x80001;
const MSG_CMSG_CLOEXEC = 0x40000000;
const SCM_RIGHTS = 1;
const TIOCSWINSZ = 0x5414;

const library = koffi.load(null);
const socket = library.func('int socket(int domain, int type, int protocol)');
const bind = library.func('int bind(int fd, void *address, uint32_t length)');
const listen = library.func('int listen(int fd, int backlog)');
const accept = library.func('int accept4(int fd, void *address, void *length, int flags)');
const recvmsg = library.func('long recvmsg(int fd, void *message, int flags)');
const ioctl = library.func('int ioctl(int fd, ulong request, void *argument)');

/** Listens for one terminal, which the runtime sends before it ends. */
exports.openConsole = () => {
  const directory = mkdtempSync(join(tmpdir(), 'pty'));
  const path = join(directory, 'pty.sock');
  const fd = socket(AF_UNIX, SOCK_STREAM_CLOEXEC, 0);
  const address = Buffer.from(`\0\0${path}\0`);
  address.writeUInt16LE(AF_UNIX);
  if (bind(fd, address, address.length) !== 0 || listen(fd, 1) !== 0) throw new Error(`${path}: cannot listen`);
  return {
    path,
    /** The master's descriptor. */
    receive: () => receiveDescriptor(accept(fd, null, null, 0)),
    close: () => {
      closeSync(fd);
      rmSync(directory, { recursive: true });
    },
  };
};

exports.resize = (masterFd, columns, rows) => {
  const size = Buffer.alloc(8);
  size.writeUInt16LE(rows);
  size.writeUInt16LE(columns, 2);
  ioctl(masterFd, TIOCSWINSZ, size);
};

/** Copies until the terminal hangs up; `done` is called when all its output has been passed on. */
exports.copyTerminal = (masterFd, stdinFd, stdoutFd, done) => {
  const input = spawn('cat', [], { stdio: [stdinFd, masterFd, 'ignore'] });
  spawn('cat', [], { stdio: [masterFd, stdoutFd, 'ignore'] }).once('exit', () => {
    input.kill('SIGKILL');
    done();
  });
};

function receiveDescriptor(fd) {
  const data = Buffer.alloc(64);
  const control = Buffer.alloc(24);
  const vector = Buffer.alloc(16);
  vector.writeBigUInt64LE(koffi.address(data), 0);
  vector.writeBigUInt64LE(BigInt(data.length), 8);
  const message = Buffer.alloc(56);
  message.writeBigUInt64LE(koffi.address(vector), 16);
  message.writeBigUInt64LE(1n, 24);
  message.writeBigUInt64LE(koffi.address(control), 32);
  message.writeBigUInt64LE(BigInt(control.length), 40);
  const length = recvmsg(fd, message, MSG_CMSG_CLOEXEC);
  closeSync(fd);
  if (length <= 0 || control.readInt32LE(12) !== SCM_RIGHTS) throw new Error('no terminal was sent');
  return control.readInt32LE(16);
}
