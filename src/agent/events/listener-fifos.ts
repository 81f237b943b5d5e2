import { closeSync, constants, fstatSync, futimesSync, openSync, rmSync } from 'node:fs';
import { mkfifo, peekPipe } from '../../sys/files/files';

/** Its FIFOs: the shim holds both ends of them, so the listener neither meets their end nor loses what it says while there is no daemon. */
export interface LinePaths {
  readonly stdin: string;
  readonly stdout: string;
}

/** The time of a FIFO's last change, in seconds since 1970, from before something is sent until it is. */
const nothingSent = 1;

/** Both, or none. */
export function openEnds({ stdin, stdout }: LinePaths): readonly [stdinFd: number, stdoutFd: number] {
  const flags = constants.O_RDWR | constants.O_NONBLOCK;
  const stdinFd = openSync(stdin, flags);
  try {
    return [stdinFd, openSync(stdout, flags)];
  } catch (error) {
    closeSync(stdinFd);
    throw error;
  }
}

/** From now on it can be told whether something was sent: write(2) sets the time of the FIFO's last change, in one step with the bytes (pipe_write in the kernel's fs/pipe.c). @throws the system's error */
export function markUnsent(stdinFd: number): void {
  futimesSync(stdinFd, nothingSent, nothingSent);
}

/** Nothing was sent since it was marked, by whomever. @throws the system's error */
export function isUnsent(stdinFd: number): boolean {
  return fstatSync(stdinFd).mtimeMs === nothingSent * 1000;
}

/** What it holds, up to so many bytes of it, which stays there; nothing where that takes more descriptors than are to be had. */
export function peek(stdoutFd: number, length: number): Buffer {
  try {
    return peekPipe(stdoutFd, length);
  } catch {
    return Buffer.alloc(0);
  }
}

/** @throws the system's error */
export function makeAnew(path: string): void {
  rmSync(path, { force: true });
  mkfifo(path, 0o600);
}
