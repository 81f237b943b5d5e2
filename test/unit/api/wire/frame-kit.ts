import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CLIENT_PREFACE, emptySettings, frame, FrameFlag, FrameType } from '../../../../src/api/wire/frames';
import { encodeHeaderBlock } from '../../../../src/api/wire/hpack-encoder';
import type { HeaderField } from '../../../../src/api/wire/hpack-table';

/** What dockerds send as `:authority`. */
export const SOCKET_PATH = '/var/run/docker/libcontainerd/docker-containerd.sock';

export interface Recording {
  readonly name: string;
  readonly bytes: Buffer;
}

/** The first bytes that real dockerds sent to their containerd. */
export function recordings(): Recording[] {
  const directory = join(__dirname, '../../../fixtures/wire');
  return readdirSync(directory).map((name) => ({ name, bytes: readFileSync(join(directory, name)) }));
}

export function field(name: string, value: string, neverIndexed = false): HeaderField {
  return { name, value, neverIndexed };
}

/** The fields of a gRPC request, with an `:authority` where one is given. */
export function requestFields(path: string, authority?: string): HeaderField[] {
  return [
    field(':method', 'POST'),
    field(':scheme', 'http'),
    field(':path', path),
    ...(authority === undefined ? [] : [field(':authority', authority)]),
    field('content-type', 'application/grpc'),
    field('te', 'trailers'),
  ];
}

/** A client's preface and its first SETTINGS. */
export function greeting(): Buffer {
  return Buffer.concat([CLIENT_PREFACE, emptySettings()]);
}

/** A whole header block in one HEADERS frame. */
export function headers(streamId: number, block: Buffer, extraFlags = 0): Buffer {
  return frame(FrameType.headers, FrameFlag.endHeaders | extraFlags, streamId, block);
}

/** One gRPC message that ends the request. */
export function message(streamId: number, body: Buffer = Buffer.alloc(0)): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(body.length, 1);
  return frame(0x0, FrameFlag.endStream, streamId, Buffer.concat([prefix, body]));
}

/** A whole request with an empty message. */
export function request(streamId: number, path: string, authority: string | undefined = SOCKET_PATH): Buffer {
  return Buffer.concat([headers(streamId, encodeHeaderBlock(requestFields(path, authority))), message(streamId)]);
}

/** `bytes` in pieces of the given lengths, over and over. */
export function split(bytes: Buffer, lengths: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const length = Math.max(1, lengths[turn % lengths.length] ?? bytes.length);
    pieces.push(bytes.subarray(at, at + length));
    at += length;
  }
  return pieces;
}
