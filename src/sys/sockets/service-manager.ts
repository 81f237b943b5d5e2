import { closeSync } from 'node:fs';
import { check } from '../errors';
import { libc } from '../native';

const AF_UNIX = 1;
const SOCK_DGRAM_CLOEXEC = 0o2000002;
const MSG_NOSIGNAL = 0x4000;
const MSG_DONTWAIT = 0x40;
const LONGEST_PATH = 107;

/**
 * The service manager's socket, where there is one: sd_notify(3). Taken out of the environment, since runc would take it for its
 * container's (its notify socket) and wait there.
 * @returns whom to tell
 */
export function takeServiceManager(env: NodeJS.ProcessEnv): ServiceManager {
  const address = env['NOTIFY_SOCKET'];
  delete env['NOTIFY_SOCKET'];
  return new ServiceManager(address);
}

export class ServiceManager {
  /** @param address a path, or an abstract name that begins with `@`; undefined: nobody is told */
  constructor(private readonly address: string | undefined) {}

  /**
   * `READY=1`, `STOPPING=1`.
   * @param mayBeLost a manager that does not take what it is told (its socket's queue is full) holds nobody up
   * @throws SysError where it is not there; EAGAIN for what is lost
   */
  tell(state: string, mayBeLost = false): void {
    const { address } = this;
    if (address === undefined || !/^[/@]/.test(address) || Buffer.byteLength(address) > LONGEST_PATH) return;
    const name = Buffer.from(address.replace(/^@/, '\0'));
    const socketAddress = Buffer.alloc(2 + name.length);
    socketAddress.writeUInt16LE(AF_UNIX);
    name.copy(socketAddress, 2);
    const message = Buffer.from(state);
    const fd = check(libc.socket(AF_UNIX, SOCK_DGRAM_CLOEXEC, 0), 'socket');
    try {
      check(libc.sendto(fd, message, message.length, MSG_NOSIGNAL | (mayBeLost ? MSG_DONTWAIT : 0), socketAddress, socketAddress.length), 'sendto', address);
    } finally {
      closeSync(fd);
    }
  }
}
