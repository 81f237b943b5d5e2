import { DetachKeys } from '../../../../src/ctl/attach/detach-keys';
import { fc } from '../../../support/property';

const P = 0x10;
const Q = 0x11;

function feed(...chunks: number[][]): { typed: number[]; detach: boolean } {
  const keys = new DetachKeys();
  const results = chunks.map((chunk) => keys.feed(Buffer.from(chunk)));
  return { typed: results.flatMap(({ forward }) => [...forward]), detach: results.at(-1)?.detach ?? false };
}

test.each([
  [[[1, P, Q]], [1], true],
  [[[P], [Q]], [], true],
  [[[P], [P, Q]], [P], true],
  [[[P, Q, 1]], [], true],
  [[[P], [1]], [P, 1], false],
  [[[P]], [], false],
  [[[Q, P]], [Q], false],
])('%j', (chunks, typed, detach) => {
  expect(feed(...chunks)).toEqual({ typed, detach });
});

test('all other keys go on as they are, but for a last ctrl-p', () => {
  const key = fc.constantFrom(P, Q, 65, 66);
  fc.assert(
    fc.property(fc.array(fc.array(key)), (chunks) => {
      const all = chunks.flat();
      fc.pre(!all.some((byte, at) => byte === P && all[at + 1] === Q));
      expect(feed(...chunks)).toEqual({ typed: all.at(-1) === P ? all.slice(0, -1) : all, detach: false });
    }),
  );
});
