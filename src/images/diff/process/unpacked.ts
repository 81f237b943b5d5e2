import { once } from 'node:events';
import type { Readable } from 'node:stream';
import * as zlib from 'node:zlib';
import { Decompress } from 'fzstd';
import { TarError } from '../../tar/entry';

/** Of output at once: the default of 16 KiB costs a turn of the loop each. */
const CHUNK = 256 * 1024;
/** How much one block of a stream of zstd may at most look back on, as a power of two (zstd's own default, `ZSTD_WINDOWLOG_LIMIT_DEFAULT`). */
const MOST_WINDOW_LOG = 27;
const ZSTD_MAGIC = 0xfd2fb528;

/** How a stream begins that is packed: RFC 1952, RFC 8878. */
export function packingOf(head: Buffer): 'gzip' | 'zstd' | 'none' {
  if (head[0] === 0x1f && head[1] === 0x8b && head[2] === 8) return 'gzip';
  const magic = head.length < 4 ? 0 : head.readUInt32LE();
  // The other is a frame to be skipped.
  return magic === ZSTD_MAGIC || (magic & 0xfffffff0) >>> 0 === 0x184d2a50 ? 'zstd' : 'none';
}

/** What a stream holds, by how it begins. @param check throws where that is not wanted @throws the error of what unpacks it, TarError */
export async function* unpacked(source: Readable, check: (packing: ReturnType<typeof packingOf>) => void = () => undefined): AsyncGenerator<Buffer, void, undefined> {
  const head = await headOf(source);
  const packing = packingOf(head);
  check(packing);
  switch (packing) {
    case 'none':
      yield* source as AsyncIterable<Buffer>;
      return;
    case 'gzip':
      yield* through(source, zlib.createGunzip({ chunkSize: CHUNK }));
      return;
    case 'zstd':
      yield* createZstd === undefined ? zstdOfOld(source, head) : through(source, createZstd({ chunkSize: CHUNK, params: { [ZSTD_d_windowLogMax]: MOST_WINDOW_LOG } }));
  }
}

async function* through(source: Readable, transform: zlib.Gunzip): AsyncGenerator<Buffer, void, undefined> {
  source.on('error', (error) => { transform.destroy(error); });
  source.pipe(transform);
  try {
    yield* transform as AsyncIterable<Buffer>;
  } catch (error) {
    throw new TarError(`the layer cannot be unpacked: ${(error as Error).message}`);
  }
}

/** The first bytes, which stay in the stream. */
async function headOf(source: Readable): Promise<Buffer> {
  if (source.readableLength === 0 && !source.readableEnded) await once(source, 'readable');
  const head = source.read() as Buffer | null;
  if (head === null) return Buffer.alloc(0);
  source.unshift(head);
  return head;
}

/** Node has it from 22.15 on, on threads of its pool, and its types of 20 do not. */
const createZstd = (zlib as { readonly createZstdDecompress?: (options: object) => zlib.Gunzip }).createZstdDecompress;
const ZSTD_d_windowLogMax = 100;

/** Else it is unpacked in JavaScript, on the thread that asks for it. */
export const isZstdOfNode = createZstd !== undefined;

/** The same in JavaScript, for an older Node. */
async function* zstdOfOld(source: Readable, head: Buffer): AsyncGenerator<Buffer, void, undefined> {
  checkWindow(head);
  let out: Buffer[] = [];
  const decompress = new Decompress((bytes) => { out.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)); });
  try {
    for await (const piece of source as AsyncIterable<Buffer>) {
      decompress.push(new Uint8Array(piece));
      const pieces = out;
      out = [];
      yield* pieces;
    }
    decompress.push(new Uint8Array(0), true);
    yield* out;
  } catch (error) {
    if (error instanceof TarError) throw error;
    throw new TarError(`the layer cannot be unpacked: ${(error as Error).message}`);
  }
}

/** It would take memory for a window of any size (RFC 8878, 3.1.1.1.2). @throws TarError */
function checkWindow(head: Buffer): void {
  if (head.length < 6 || head.readUInt32LE() !== ZSTD_MAGIC) return;
  const isSingle = ((head[4] ?? 0) & 0x20) !== 0;
  const log = 10 + ((head[5] ?? 0) >> 3);
  if (!isSingle && log > MOST_WINDOW_LOG) throw new TarError(`the layer cannot be unpacked: it wants a window of 2^${log} bytes`, 'limit');
}
