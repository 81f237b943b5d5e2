import { CLIENT_PREFACE, FRAME_HEADER_BYTES, parseFrameHeader } from '../../../../src/api/wire/frames';
import { HpackDecoder } from '../../../../src/api/wire/hpack-decoder';
import { fc } from '../../../support/property';
import { recordings, SOCKET_PATH, split } from './frame-kit';
import { RawClient, WireHarness } from './wire-harness';

/** The paths called in a recording by stream, and its authorities: read with nothing but HEADERS in mind. */
function requestsOf(recording: Buffer): { paths: Map<number, string>; authorities: Set<string> } {
  const decoder = new HpackDecoder();
  const paths = new Map<number, string>();
  const authorities = new Set<string>();
  for (let at = CLIENT_PREFACE.length; at < recording.length; ) {
    const { length, type, streamId } = parseFrameHeader(recording.subarray(at));
    const payload = recording.subarray(at + FRAME_HEADER_BYTES, at + FRAME_HEADER_BYTES + length);
    at += FRAME_HEADER_BYTES + length;
    if (type !== 1) continue;
    for (const { name, value } of decoder.decode(payload)) {
      if (name === ':path') paths.set(streamId, value);
      if (name === ':authority') authorities.add(value);
    }
  }
  return { paths, authorities };
}

describe.each(recordings())('the recording of $name', ({ bytes }) => {
  const { paths, authorities } = requestsOf(bytes);
  const events = [...paths].filter(([, path]) => path.endsWith('/Events')).map(([streamId]) => streamId);
  let harness: WireHarness;

  beforeAll(async () => {
    harness = await new WireHarness().listen();
  });
  afterAll(() => harness.stop());

  async function replay(pieces: readonly Buffer[]): Promise<void> {
    const before = harness.calls.length;
    const client = new RawClient(harness.path);
    await client.send(pieces);
    await client.until(() =>
      [...paths.keys()].every((id) => {
        const answer = client.answers.get(id);
        return events.includes(id) ? answer?.fields.has(':status') : answer?.ended;
      }),
    );
    for (const [streamId] of paths) {
      const answer = client.answers.get(streamId);
      expect(answer?.fields.get(':status')).toBe('200');
      expect(answer?.fields.get('grpc-status')).toBe(events.includes(streamId) ? undefined : '0');
    }
    const called = harness.calls.slice(before).map(({ path }) => path);
    expect(called.sort()).toEqual([...paths.values()].sort());
    expect(client.goaway).toBeUndefined();
    expect(harness.handOvers.pop()).toBe('repaired');
    await client.close();
  }

  it('has a path as its authority, and all of its requests are answered', async () => {
    expect([...authorities]).toEqual([SOCKET_PATH]);
    expect(paths.size).toBeGreaterThan(2);
    await replay([bytes]);
  });

  it('is answered when it comes byte by byte', () => replay(split(bytes, [1])));

  it('is answered in any split', () =>
    fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 20 }), (lengths) =>
        replay(split(bytes, lengths)),
      ),
      { numRuns: 25 },
    ));

  it('is answered as dockerd sends it: a frame at a time', async () => {
    const pieces: Buffer[] = [];
    for (let at = 0; at < bytes.length; ) {
      const start = at;
      if (at === 0) at += CLIENT_PREFACE.length;
      at += FRAME_HEADER_BYTES + parseFrameHeader(bytes.subarray(at)).length;
      pieces.push(bytes.subarray(start, at));
    }
    await replay(pieces);
  });
});
