import { once } from 'node:events';
import type { Output } from '../tool';

/** Writes as fast as the reader takes it. Where the reader has gone this does not settle: that ends the command. */
export async function write(output: Output, data: Uint8Array | string): Promise<void> {
  if (data.length > 0 && !output.write(data)) await once(output, 'drain').catch(() => new Promise(() => undefined));
}
