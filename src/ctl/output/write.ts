import { once } from 'node:events';
import type { Output } from '../tool';

/** Writes as fast as the reader takes it. Where the reader has gone this does not settle: that ends the command. */
export async function write(output: Output, data: Uint8Array | string): Promise<void> {
  if (data.length > 0 && !output.write(data)) await once(output, 'drain').catch(() => new Promise(() => undefined));
}

/** Resolves once all that was written is out, or its reader has gone: to a pipe or socket that is full, Node writes when there is room again, and process.exit() waits for nothing. */
export async function untilWritten(output: Output): Promise<void> {
  if (output.writableLength === 0 || output.destroyed) return;
  await new Promise<void>((resolve) => {
    output.once('error', () => { resolve(); });
    output.once('close', resolve);
    output.write('', () => { resolve(); });
  });
}
