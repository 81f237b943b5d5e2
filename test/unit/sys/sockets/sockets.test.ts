import { closeSync, existsSync, openSync, statSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { ChildReaper, type Child } from '../../../../src/sys/process/children';
import { createEventFd, mkfifo, readSome } from '../../../../src/sys/files/files';
import { ConsoleSocket, peerCredentials, socketFd } from '../../../../src/sys/sockets/sockets';
import { setWindowSize } from '../../../../src/sys/tty';
import { Scratch, countDescriptors, deferred, errorOf, flagsOf, pollerWithErrors } from '../resources';

/**
 * Connects to argv[1] and sends as many pty masters as argv[2] says. Then, for a line of the FIFO
 * argv[3], it writes the size of the terminal on the terminal, and ends.
 */
const SEND_TERMINAL = `
import os, pty, socket, sys
peer = socket.socket(socket.AF_UNIX)
peer.connect(sys.argv[1])
pairs = [pty.openpty() for _ in range(int(sys.argv[2]))]
socket.send_fds(peer, [b"/dev/ptmx"], [master for master, _ in pairs])
peer.close()
if len(pairs) == 1:
    master, slave = pairs[0]
    os.close(master)
    open(sys.argv[3]).readline()
    os.write(slave, ("%d %d" % os.get_terminal_size(slave)).encode())
`;

describe('sockets', () => {
  let scratch: Scratch;
  let before: number;
  let context: ReturnType<typeof pollerWithErrors>;
  let reaper: ChildReaper;

  beforeEach(async () => {
    before = await countDescriptors();
    scratch = new Scratch();
    context = pollerWithErrors();
    context.poller.ref();
    reaper = new ChildReaper(context.poller);
    mkfifo(scratch.file('gate'), 0o600);
  });

  afterEach(async () => {
    expect(context.poller.size).toBe(0);
    reaper.close();
    context.poller.close();
    scratch.remove();
    expect(context.errors).toEqual([]);
    expect(await countDescriptors()).toBe(before);
  });

  function sendTerminals(count: number): Child {
    const args = ['-c', SEND_TERMINAL, scratch.file('console'), String(count), scratch.file('gate')];
    return reaper.spawn({ file: 'python3', args, stderr: 2 });
  }

  /** Resolves when the descriptor can be read or has hung up. */
  async function readable(fd: number): Promise<void> {
    const told = deferred<undefined>();
    const watch = context.poller.watch(fd, { in: true, edge: true }, () => told.resolve(undefined));
    await told.promise;
    watch.close();
  }

  test('receives a terminal, which works, and hangs up', async () => {
    const socket = new ConsoleSocket(context.poller, scratch.file('console'));
    expect(statSync(scratch.file('console')).mode & 0o777).toBe(0o600);
    const sender = sendTerminals(1);
    const terminalFd = await socket.terminalFd;
    expect(existsSync(scratch.file('console'))).toBe(false);
    expect(flagsOf(terminalFd)).toEqual({ nonBlocking: true, closeOnExec: true });
    expect(readSome(terminalFd, Buffer.alloc(10))).toBe('again');

    setWindowSize(terminalFd, 132, 43);
    writeFileSync(scratch.file('gate'), '\n');
    await readable(terminalFd);
    const into = Buffer.alloc(100);
    const count = readSome(terminalFd, into);
    expect(into.toString('utf8', 0, typeof count === 'number' ? count : 0)).toBe('132 43');

    await sender.exited;
    expect(readSome(terminalFd, into)).toBe('hungUp');
    closeSync(terminalFd);
    socket.close();
  });

  test.each([0, 2, 5])('a message with %i descriptors is refused, and none stays open', async (count) => {
    const socket = new ConsoleSocket(context.poller, scratch.file('console'));
    const sender = sendTerminals(count);
    await expect(socket.terminalFd).rejects.toMatchObject({ code: 'EBADMSG' });
    expect(existsSync(scratch.file('console'))).toBe(false);
    await sender.exited;
  });

  test('a connection that says nothing is refused', async () => {
    const socket = new ConsoleSocket(context.poller, scratch.file('console'));
    const client = connect(scratch.file('console'));
    client.end();
    await expect(socket.terminalFd).rejects.toMatchObject({ code: 'EBADMSG' });
    client.destroy();
    await once(client, 'close');
  });

  test('closed before anybody came, or while somebody is about to speak', async () => {
    const idle = new ConsoleSocket(context.poller, scratch.file('console'));
    idle.close();
    idle.close();
    await expect(idle.terminalFd).rejects.toMatchObject({ code: 'ECANCELED' });
    const socket = new ConsoleSocket(context.poller, scratch.file('console'));
    const client = connect(scratch.file('console'));
    await once(client, 'connect');
    socket.close();
    await expect(socket.terminalFd).rejects.toMatchObject({ code: 'ECANCELED' });
    expect(existsSync(scratch.file('console'))).toBe(false);
    client.destroy();
    await once(client, 'close');
  });

  test('a path that cannot be bound is an error that names it', () => {
    const binding = (path: string) => () => new ConsoleSocket(context.poller, path);
    const long = scratch.file('x'.repeat(107));
    expect(errorOf(binding(long))).toMatchObject({ code: 'ENAMETOOLONG', path: long });
    expect(errorOf(binding(scratch.file('no/such/directory')))).toMatchObject({ code: 'ENOENT', syscall: 'bind' });
    writeFileSync(scratch.file('file'), '');
    expect(errorOf(binding(scratch.file('file')))).toMatchObject({ code: 'EADDRINUSE' });
    expect(errorOf(binding('a\0b'))).toMatchObject({ code: 'EINVAL' });
  });

  test('tells who is at the other end of a socket', async () => {
    const server = createServer().listen(scratch.file('server'));
    await once(server, 'listening');
    const client = connect(scratch.file('server'));
    const [peer] = (await once(server, 'connection')) as [Socket];
    const own = { pid: process.pid, uid: process.getuid?.(), gid: process.getgid?.() };
    expect(peerCredentials(socketFd(peer) ?? -1)).toEqual(own);
    client.destroy();
    peer.destroy();
    server.close();
    await once(server, 'close');
    expect(socketFd(peer)).toBeUndefined();
    const counter = createEventFd();
    expect(errorOf(() => peerCredentials(counter))).toMatchObject({ code: 'ENOTSOCK' });
    closeSync(counter);
  });

  test('the size of what is no terminal, or no size', () => {
    const file = openSync(scratch.file('file'), 'w');
    expect(errorOf(() => setWindowSize(file, 80, 25))).toMatchObject({ code: 'ENOTTY' });
    expect(errorOf(() => setWindowSize(file, 65536, 25))).toMatchObject({ code: 'EINVAL' });
    closeSync(file);
  });
});
