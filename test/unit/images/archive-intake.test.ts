import { isZstdOfNode } from '../../../src/images/diff/process/unpacked';
import { ArchiveIntake } from '../../../src/images/library/archive-intake';
import type { KeptContent } from '../../../src/images/library/kept-content';

const testOfOld = isZstdOfNode ? test.skip : test;

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield await Promise.resolve(bytes);
}

testOfOld('an archive that this Node could unpack on the daemon\'s own thread alone is refused', async () => {
  const intake = new ArchiveIntake({} as KeptContent);
  await expect(intake.take(once(Buffer.from('28b52ffd2400010000', 'hex')))).rejects.toMatchObject({ code: 'invalid', message: expect.stringContaining('unpack it first (zstd -d)') as string });
});
