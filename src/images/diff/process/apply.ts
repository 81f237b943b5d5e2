import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { TarReader } from '../../tar/reader';
import { LayerCount, type LayerLimits } from '../apply/limits';
import { Unpacker } from '../apply/unpacker';
import type { Target } from './target';
import { isInUserNamespace } from './target';
import { unpacked } from './unpacked';

export interface Applied {
  /** Of all that the stream held, what comes after the archive's end included. */
  readonly digest: string;
  readonly size: number;
  readonly skipped: readonly string[];
}

/** Unpacks a layer from its beginning to its very end. @throws TarError, SysError: what has been made until then stays */
export async function applyLayer(source: Readable, { root, mode, lower }: Omit<Target, 'hasMounts'>, limits: LayerLimits, isPacked: boolean): Promise<Applied> {
  const count = new LayerCount(limits);
  const hash = createHash('sha256');
  const unpacker = new Unpacker({ root, mode, lower, count, withoutDevices: isInUserNamespace() });
  const reader = new TarReader(unpacker);
  try {
    for await (const piece of isPacked ? unpacked(source) : (source as AsyncIterable<Buffer>)) {
      hash.update(piece);
      count.stream(piece.length);
      reader.push(piece);
    }
    reader.finish();
    unpacker.finish();
  } finally {
    unpacker.close();
  }
  return { digest: `sha256:${hash.digest('hex')}`, size: count.streamBytes, skipped: [...unpacker.skipped] };
}
