import { isAbsolute, resolve } from 'node:path';
import { CtlError } from '../errors';

/** Where a containerd of the Docker 1.11–17.10 days listens when nobody says otherwise. */
export const DEFAULT_ADDRESS = 'unix:///run/containerd/containerd.sock';

export interface Address {
  /** As gRPC wants it. */
  readonly target: string;
  /** The socket file, absolute. */
  readonly path: string;
}

/**
 * Reads `unix:///run/x.sock`, `unix:x.sock`, `/run/x.sock` or `x.sock`; relative paths are relative
 * to `directory`. The daemon listens on nothing but unix sockets.
 */
export function parseAddress(text: string, directory = process.cwd()): Address {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(text)?.[1];
  if (text === '' || (scheme !== undefined && scheme !== 'unix')) {
    throw new CtlError('invalid-argument', `not the address of a unix socket: "${text}"`, {
      hint: `Write it like ${DEFAULT_ADDRESS}.`,
    });
  }
  const rest = text.replace(/^unix:(\/\/)?/, '');
  const path = isAbsolute(rest) ? rest : resolve(directory, rest);
  return { target: `unix://${path}`, path };
}
