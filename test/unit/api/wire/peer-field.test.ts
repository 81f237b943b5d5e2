import { FrameRewriter } from '../../../../src/api/wire/frame-rewriter';
import { FRAME_HEADER_BYTES } from '../../../../src/api/wire/frames';
import { HpackDecoder } from '../../../../src/api/wire/hpack-decoder';
import { encodeHeaderBlock } from '../../../../src/api/wire/hpack-encoder';
import { PEER_FIELD } from '../../../../src/api/wire/peer-field';
import { field, greeting, headers, requestFields, SOCKET_PATH } from './frame-kit';

const peer = 'pid 7 uid 1000';
const forged = field(PEER_FIELD, 'pid 1 uid 0');

function rewriterOf(client?: string): FrameRewriter {
  const rewriter = new FrameRewriter(client);
  rewriter.push(greeting());
  return rewriter;
}

/** What the server is told of the client in one HEADERS frame. */
function told(bytes: Buffer): string[] {
  const fields = new HpackDecoder().decode(bytes.subarray(FRAME_HEADER_BYTES));
  return fields.filter(({ name }) => name === PEER_FIELD).map(({ value }) => value);
}

function block(authority: string, forgedFields = [forged]): Buffer {
  return encodeHeaderBlock([...requestFields('/a', authority), ...forgedFields]);
}

describe('who sent a request', () => {
  it('is told once in each request of a repaired connection, and a claim of the client’s is dropped', () => {
    const rewriter = rewriterOf(peer);
    expect(told(rewriter.push(headers(1, block(SOCKET_PATH, []))))).toEqual([peer]);
    expect(told(rewriter.push(headers(3, block(SOCKET_PATH))))).toEqual([peer]);
    expect(told(rewriter.push(headers(5, block('localhost', [forged, forged]))))).toEqual([peer]);
  });

  it('is not told in trailers, and cannot be claimed there', () => {
    const rewriter = rewriterOf(peer);
    rewriter.push(headers(1, block(SOCKET_PATH)));
    expect(told(rewriter.push(headers(1, encodeHeaderBlock([field('x', 'y'), forged]))))).toEqual([]);
  });

  it('changes nothing where the server gets the socket itself', () => {
    const bytes = headers(1, block('localhost', []));
    const rewriter = rewriterOf(peer);
    expect(rewriter.push(bytes)).toEqual(bytes);
    expect(rewriter).toMatchObject({ firstAuthority: 'accepted', isTransparent: true });
  });

  it('cannot be claimed in a request before the first that needs repair', () => {
    const rewriter = rewriterOf(peer);
    expect(told(rewriter.push(headers(1, block('localhost'))))).toEqual([peer]);
    expect(rewriter).toMatchObject({ firstAuthority: 'accepted', isTransparent: false });
  });

  it('is told where an acknowledgement is still awaited', () => {
    const rewriter = rewriterOf(peer);
    rewriter.expectSettingsAck();
    expect(told(rewriter.push(headers(1, block('localhost', []))))).toEqual([peer]);
    expect(rewriter.isTransparent).toBe(false);
  });

  it('is told with a good authority on a connection that was handed over undecided', () => {
    const rewriter = rewriterOf(peer);
    rewriter.encodeAll();
    expect(told(rewriter.push(headers(1, block('localhost'))))).toEqual([peer]);
  });
});
