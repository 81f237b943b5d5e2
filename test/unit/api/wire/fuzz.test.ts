import { MAX_FRAME_BYTES } from '../../../../src/api/wire/frames';
import { FrameRewriter } from '../../../../src/api/wire/frame-rewriter';
import { MAX_HEADER_BLOCK_BYTES } from '../../../../src/api/wire/header-block';
import { WireError } from '../../../../src/api/wire/wire-error';
import { fc } from '../../../support/property';
import { greeting, recordings, request, split } from './frame-kit';
import { RawClient, WireHarness } from './wire-harness';

/**
 * How many mutated recordings the rewriter is given, and, a hundredth of it, a real server by socket.
 * A release is tried with HOLDFAST_FUZZ=100000.
 */
const RUNS = Number(process.env['HOLDFAST_FUZZ'] ?? 20_000);

const originals = recordings().map(({ bytes }) => bytes);

/** A change at a place that is given as a share of the length, so that it shrinks with the recording. */
type Mutation =
  | { readonly kind: 'set'; readonly at: number; readonly octets: Uint8Array }
  | { readonly kind: 'flip'; readonly at: number; readonly bit: number }
  | { readonly kind: 'insert'; readonly at: number; readonly octets: Uint8Array }
  | { readonly kind: 'remove'; readonly at: number; readonly length: number }
  | { readonly kind: 'repeat'; readonly at: number; readonly length: number; readonly times: number }
  | { readonly kind: 'cut'; readonly at: number };

const at = fc.double({ min: 0, max: 1, noNaN: true });
const octets = fc.uint8Array({ minLength: 1, maxLength: 12 });
const length = fc.integer({ min: 1, max: 200 });
const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.record({ kind: fc.constant('set' as const), at, octets }),
  fc.record({ kind: fc.constant('flip' as const), at, bit: fc.nat(7) }),
  fc.record({ kind: fc.constant('insert' as const), at, octets }),
  fc.record({ kind: fc.constant('remove' as const), at, length }),
  fc.record({ kind: fc.constant('repeat' as const), at, length, times: fc.integer({ min: 1, max: 50 }) }),
  fc.record({ kind: fc.constant('cut' as const), at }),
);

function mutate(bytes: Buffer, change: Mutation): Buffer {
  const place = Math.floor(change.at * bytes.length);
  const [before, after] = [bytes.subarray(0, place), bytes.subarray(place)];
  switch (change.kind) {
    case 'set':
      return Buffer.concat([before, change.octets, after.subarray(change.octets.length)]);
    case 'flip':
      return Buffer.concat([before, Buffer.from([(after[0] ?? 0) ^ (1 << change.bit)]), after.subarray(1)]);
    case 'insert':
      return Buffer.concat([before, change.octets, after]);
    case 'remove':
      return Buffer.concat([before, after.subarray(change.length)]);
    case 'repeat': {
      const part = after.subarray(0, change.length);
      return Buffer.concat([before, ...Array.from({ length: change.times }, () => part), after]);
    }
    case 'cut':
      return before;
  }
}

/** Mutated recordings. Most keep the greeting as it is, or hardly any would get past it. */
const mutated = fc
  .record({
    original: fc.constantFrom(...originals),
    mutations: fc.array(mutation, { minLength: 1, maxLength: 5 }),
    keepGreeting: fc.oneof({ weight: 9, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
  })
  .map(({ original, mutations, keepGreeting }) => {
    const kept = keepGreeting ? greeting().length : 0;
    return Buffer.concat([original.subarray(0, kept), mutations.reduce(mutate, original.subarray(kept))]);
  });
const lengths = fc.array(fc.integer({ min: 1, max: 600 }), { minLength: 1, maxLength: 8 });

describe('mutated recordings', () => {
  it(
    `are rewritten or refused, ${RUNS} of them`,
    () => {
      let refused = 0;
      fc.assert(
        fc.property(mutated, lengths, (bytes, splitLengths) => {
          const rewriter = new FrameRewriter();
          const out: Buffer[] = [];
          try {
            for (const piece of split(bytes, splitLengths)) {
              out.push(rewriter.push(piece));
              expect(rewriter.heldBack().length).toBeLessThan(MAX_HEADER_BLOCK_BYTES + MAX_FRAME_BYTES);
            }
          } catch (error) {
            if (!(error instanceof WireError)) throw error;
            refused++;
          }
          // Whatever was let through is well-formed and needs no repair.
          const whole = Buffer.concat(out);
          expect(new FrameRewriter().push(whole).equals(whole)).toBe(true);
        }),
        { numRuns: RUNS },
      );
      // Were all refused, or none, the mutations would be worth nothing.
      expect(refused).toBeGreaterThan(RUNS / 10);
      expect(refused).toBeLessThan(RUNS);
    },
    Math.max(20_000, RUNS * 5),
  );

  it(
    `neither crash a server, nor hang, nor leave a connection behind, ${RUNS / 100} of them`,
    async () => {
      const harness = await new WireHarness().listen();
      const survivor = new RawClient(harness.path);
      await survivor.send([Buffer.concat([greeting(), request(1, '/types.API/Events')])]);
      await fc.assert(
        fc.asyncProperty(mutated, lengths, fc.boolean(), async (bytes, splitLengths, abruptly) => {
          const client = new RawClient(harness.path);
          await client.send(split(bytes, splitLengths));
          if (abruptly) client.socket.destroy();
          else client.socket.end();
          await client.until(() => client.closed);
          await harness.until(() => harness.sockets.size === 1);
        }),
        { numRuns: Math.ceil(RUNS / 100) },
      );
      await survivor.send([request(3, '/types.API/State')]);
      await survivor.until(() => survivor.answers.get(3)?.ended === true);
      expect(survivor.answers.get(1)?.ended).toBe(false);
      await survivor.close();
      await harness.stop();
    },
    Math.max(20_000, RUNS * 5),
  );
});
