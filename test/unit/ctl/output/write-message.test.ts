import { PassThrough } from 'node:stream';

import { OutputStream } from '../../../../src/api/gen/holdfast/v1/output';
import { writeMessage } from '../../../../src/ctl/output/write-message';

test('each stream goes to its own, after what was missed before it', async () => {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const chunk = (stream: OutputStream, text: string) => ({ stream, data: Buffer.from(text), time: undefined, partial: false });
  await writeMessage({ stdout, stderr }, { chunks: [chunk(OutputStream.STDOUT, 'out\n'), chunk(OutputStream.STDERR, 'err\n')], missed_bytes: 12_582_912n });
  expect(String(stdout.read())).toBe('out\n');
  expect(String(stderr.read())).toBe('-- about 12M were rotated away before they could be read --\nerr\n');
});
