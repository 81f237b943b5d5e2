import type { Socket } from 'node:net';
import type { Logger } from '../runtime/logger';
import type { DescriptorRoom } from '../sys/descriptor-room';
import { socketFd } from '../sys/sockets/sockets';

/**
 * Refuses connections that would take the last descriptors: clients may open any number, and the ends of processes must
 * be told whatever they do. The log says when that begins and when it is over, not each time.
 */
export class Admission {
  #refused = 0;

  constructor(
    private readonly descriptors: DescriptorRoom,
    private readonly log: Logger,
  ) {}

  /** Whether this connection, just accepted, may stay; the caller closes it where not. */
  admits(socket: Socket): boolean {
    const fd = socketFd(socket);
    if (fd === undefined || this.descriptors.admits(fd)) {
      this.#tellOfRefused();
      return true;
    }
    this.#refused += 1;
    if (this.#refused === 1) this.log.error({ limit: this.descriptors.limit }, 'connections are refused: too many open files');
    return false;
  }

  /** A connection that could not even be accepted, for want of a descriptor. */
  failed(cause: Error): void {
    this.#refused += 1;
    this.log.error({ err: cause }, 'a connection could not be accepted');
  }

  #tellOfRefused(): void {
    if (this.#refused === 0) return;
    this.log.warn({ refused: this.#refused }, 'connections are taken again');
    this.#refused = 0;
  }
}
