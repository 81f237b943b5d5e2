import { once } from 'node:events';
import { connect as connectHttp2, type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2';
import { connect } from 'node:net';
import { credentials } from '@grpc/grpc-js';
import { APIClient, EventsRequest } from '../../../../src/api/gen/legacy/api';
import { HealthClient } from '../../../../src/api/gen/health';
import { CLIENT_PREFACE, frame, FrameType } from '../../../../src/api/wire/frames';
import { encodeHeaderBlock } from '../../../../src/api/wire/hpack-encoder';
import { greeting, headers, message, recordings, request, requestFields, SOCKET_PATH, split } from './frame-kit';
import { RawClient, WireHarness } from './wire-harness';

let harness: WireHarness;
const handsOver = (): string[] => harness.handOvers.splice(0);

beforeEach(async () => {
  harness = await new WireHarness().listen();
});
afterEach(() => harness.stop());

/** Calls State on a session of Node's own HTTP/2 client; the grpc-status, or the error's code. */
async function callState(session: ClientHttp2Session, authority: string, body = Buffer.alloc(0)): Promise<string> {
  const stream = session.request({
    ':method': 'POST',
    ':path': '/types.API/State',
    ':authority': authority,
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  let outcome = 'nothing';
  stream.on('trailers', (trailers: IncomingHttpHeaders) => (outcome = String(trailers['grpc-status'])));
  stream.on('error', (error: NodeJS.ErrnoException) => (outcome = error.code ?? 'error'));
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(body.length, 1);
  stream.end(Buffer.concat([prefix, body]));
  stream.resume();
  await new Promise((resolve) => stream.once('close', resolve));
  return outcome;
}

function http2To(path: string): ClientHttp2Session {
  return connectHttp2('http://test', { createConnection: () => connect(path) });
}

describe('a connection', () => {
  it('is handed over as it is where its authority is accepted', async () => {
    const client = new RawClient(harness.path);
    await client.send([Buffer.concat([greeting(), request(1, '/types.API/State', 'localhost')])]);
    await client.until(() => client.answers.get(1)?.ended === true);
    expect(client.answers.get(1)?.fields.get('grpc-status')).toBe('0');
    expect(handsOver()).toEqual(['raw']);
    // The one SETTINGS, and the acknowledgement of the client's: nothing of ours.
    expect(client.frames.filter(({ type }) => type === FrameType.settings)).toHaveLength(2);
    await client.close();
  });

  it('is handed over as it is however much comes at once', async () => {
    const body = Buffer.concat([Buffer.from([10, 0xa8, 0xc3, 0x01]), Buffer.alloc(25_000, 'x')]);
    const client = new RawClient(harness.path);
    const block = encodeHeaderBlock(requestFields('/types.API/State', 'localhost'));
    const data = Array.from({ length: 2 }, (_, turn) => [headers(1 + 2 * turn, block), ...dataFrames(1 + 2 * turn, body)]);
    await client.send([Buffer.concat([greeting(), ...data.flat()])]);
    await client.until(() => client.answers.get(3)?.ended === true);
    await client.send([request(5, '/types.API/State', 'localhost')]);
    await client.until(() => client.answers.get(5)?.ended === true);
    expect(harness.calls.map((call) => (call.request as { id: string }).id.length)).toEqual([25_000, 25_000, 0]);
    expect(handsOver()).toEqual(['raw']);
    await client.close();
  });

  it('is handed over as it is for a gRPC client that awaits our SETTINGS first', async () => {
    const client = new HealthClient(`unix:${harness.path}`, credentials.createInsecure());
    for (let turn = 0; turn < 20; turn++) await check(client);
    expect(harness.calls).toHaveLength(20);
    expect(handsOver()).toEqual(['raw']);
    client.close();
  });

  it('is repaired for a gRPC client whose authority is a path', async () => {
    const options = { 'grpc.default_authority': SOCKET_PATH };
    const client = new HealthClient(`unix:${harness.path}`, credentials.createInsecure(), options);
    await Promise.all(Array.from({ length: 100 }, () => check(client)));
    expect(harness.calls).toHaveLength(100);
    expect(handsOver()).toEqual(['repaired']);
    client.close();
  });

  it('is repaired call after call, large requests included', async () => {
    const session = http2To(harness.path);
    const large = Buffer.concat([Buffer.from([10, 0xc0, 0x84, 0x3d]), Buffer.alloc(1_000_000, 'x')]);
    expect(await callState(session, SOCKET_PATH)).toBe('0');
    expect(await callState(session, SOCKET_PATH, large)).toBe('0');
    const more = await Promise.all(Array.from({ length: 50 }, () => callState(session, SOCKET_PATH)));
    expect(new Set(more)).toEqual(new Set(['0']));
    expect((harness.calls[1]?.request as { id: string }).id).toHaveLength(1_000_000);
    expect(handsOver()).toEqual(['repaired']);
    session.destroy();
  });

  it('keeps what it is: a later, bad authority is refused on a socket handed over as it is', async () => {
    const session = http2To(harness.path);
    expect(await callState(session, 'localhost')).toBe('0');
    expect(await callState(session, SOCKET_PATH)).toBe('ERR_HTTP2_STREAM_ERROR');
    expect(await callState(session, 'localhost')).toBe('0');
    expect(handsOver()).toEqual(['raw']);
    session.destroy();
  });

  it('is answered where a good authority comes byte by byte, acknowledged or not', async () => {
    const client = new RawClient(harness.path);
    await client.send(split(Buffer.concat([greeting(), request(1, '/types.API/State', 'localhost')]), [1]));
    await client.until(() => client.answers.get(1)?.ended === true);
    // Two acknowledgements, for our SETTINGS and the server's: a third would be a protocol error.
    await client.send([settingsAck(), settingsAck(), request(3, '/types.API/State', 'localhost')]);
    await client.until(() => client.answers.get(3)?.ended === true);
    expect(client.answers.get(3)?.fields.get('grpc-status')).toBe('0');
    expect(client.goaway).toBeUndefined();
    expect(handsOver()).toEqual(['repaired']);
    await client.close();
  });
});

describe('a malformed connection', () => {
  const first = request(1, '/types.API/State');
  const badBlock = headers(3, Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff]));
  it.each([
    ['in its preface', 1, 'bad-preface', [Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n')]],
    ['in its first frame', 1, 'bad-preface', [CLIENT_PREFACE, first]],
    ['in its first block', 9, 'bad-header-compression', [greeting(), badBlock]],
    ['in the same bytes as its first request', 9, 'bad-header-compression', [Buffer.concat([greeting(), first, badBlock])]],
    ['after its first request', 9, 'bad-header-compression', [Buffer.concat([greeting(), first]), badBlock]],
    ['in the size of a frame', 6, 'bad-frame-size', [greeting(), first, Buffer.from('ffffff000000000001', 'hex')]],
    ['in a flood of CONTINUATION', 11, 'header-block-too-large', [Buffer.concat([greeting(), first]), flood()]],
  ])('%s is closed with a GOAWAY, and no other is disturbed', async (_what, http2Code, code, pieces) => {
    const other = new RawClient(harness.path);
    await other.send([Buffer.concat([greeting(), request(1, '/types.API/Events')])]);
    await other.until(() => other.answers.get(1)?.fields.has(':status') === true);

    const client = new RawClient(harness.path);
    await client.send(pieces);
    await client.until(() => client.closed);
    expect(client.frames[0]?.type).toBe(FrameType.settings);
    expect(client.frames.at(-1)?.type).toBe(FrameType.goaway);
    expect(client.goaway?.code).toBe(http2Code);
    expect(harness.malformed.map((error) => error.code)).toEqual([code]);
    expect(client.goaway?.text).toBe(harness.malformed[0]?.message);

    await other.send([request(3, '/types.API/State')]);
    await other.until(() => other.answers.get(3)?.ended === true);
    expect(other.answers.get(1)?.ended).toBe(false);
    await other.close();
  });

  it('ends the streams that were open on it', async () => {
    const client = new RawClient(harness.path);
    await client.send([Buffer.concat([greeting(), request(1, '/types.API/Events')])]);
    await harness.until(() => harness.streams.size === 1);
    await client.send([badBlock]);
    await client.until(() => client.closed);
    await harness.until(() => harness.streams.size === 0);
    expect(client.goaway?.lastStreamId).toBe(1);
  });

  it('is cut off where the client does not close its end', async () => {
    const socket = connect({ path: harness.path, allowHalfOpen: true });
    socket.on('error', () => {});
    socket.resume();
    socket.write('nonsense');
    await harness.until(() => harness.malformed.length === 1);
    await once(socket, 'end');
    // The client never ends its side: only the server can make an end of it.
    await harness.until(() => harness.sockets.size === 0);
    socket.destroy();
  });
});

describe('a client that goes away', () => {
  it.each([
    ['repaired', SOCKET_PATH],
    ['raw', 'localhost'],
  ])('takes its streams with it: %s', async (kind, authority) => {
    const client = new RawClient(harness.path);
    await client.send([Buffer.concat([greeting(), request(1, '/types.API/Events', authority)])]);
    await harness.until(() => harness.streams.size === 1);
    expect(handsOver()).toEqual([kind]);
    client.socket.destroy();
    await harness.until(() => harness.streams.size === 0 && harness.sockets.size === 0);
  });

  it.each([
    ['before its preface', Buffer.alloc(0)],
    ['within its preface', CLIENT_PREFACE.subarray(0, 10)],
    ['within a frame', Buffer.concat([greeting(), headers(1, Buffer.alloc(100)).subarray(0, 50)])],
    ['right after its requests', recordings()[0]?.bytes ?? Buffer.alloc(0)],
    ['right after a request that needs no help', Buffer.concat([greeting(), request(1, '/types.API/Events', 'ok')])],
  ])('by closing its end %s leaves nothing behind', async (_what, bytes) => {
    const client = new RawClient(harness.path);
    client.socket.end(bytes);
    await client.until(() => client.closed);
    expect(harness.malformed).toEqual([]);
  });
});

describe('a server that goes away', () => {
  it.each([SOCKET_PATH, 'localhost'])('takes its connections with it: authority %s', async (authority) => {
    const client = new RawClient(harness.path);
    await client.send([Buffer.concat([greeting(), request(1, '/types.API/Events', authority)])]);
    await harness.until(() => harness.streams.size === 1);
    harness.shutDown();
    await client.until(() => client.closed);
  });

  it('closes what is still in its handshake', async () => {
    const client = new RawClient(harness.path);
    await client.send([greeting()]);
    await client.until(() => client.frames.length === 1);
    expect(harness.wire.pending).toBe(1);
    harness.wire.close();
    await client.until(() => client.closed);
    const late = new RawClient(harness.path);
    await late.until(() => late.closed);
  });
});

describe('a client that lets us wait', () => {
  it('for its preface is closed', async () => {
    const hasty = await new WireHarness({ prefaceTimeoutMs: 20 }).listen();
    const client = new RawClient(hasty.path);
    await client.until(() => client.closed);
    expect(client.goaway?.code).toBe(1);
    expect(hasty.malformed.map(({ code }) => code)).toEqual(['handshake-timeout']);
    await hasty.stop();
  });

  it.each([SOCKET_PATH, 'localhost'])('for its first request is served when it comes: authority %s', async (authority) => {
    const hasty = await new WireHarness({ firstRequestTimeoutMs: 20 }).listen();
    const client = new RawClient(hasty.path);
    await client.send([greeting()]);
    // The server's own SETTINGS, and its acknowledgement of the client's, come when it is handed over.
    await client.until(() => client.frames.length >= 3);
    expect(hasty.handOvers).toEqual(['repaired']);
    await client.send([settingsAck(), settingsAck(), request(1, '/types.API/State', authority)]);
    await client.until(() => client.answers.get(1)?.ended === true);
    expect(client.answers.get(1)?.fields.get('grpc-status')).toBe('0');
    await client.close();
    await hasty.stop();
  });

  it('while it sends everything but a request is handed over', async () => {
    const client = new RawClient(harness.path);
    const priorities = Array.from({ length: 8000 }, () => frame(0x2, 0, 9, Buffer.alloc(5)));
    await client.send([greeting(), Buffer.concat(priorities)]);
    await client.send([request(1, '/types.API/State')]);
    await client.until(() => client.answers.get(1)?.ended === true);
    expect(client.answers.get(1)?.fields.get('grpc-status')).toBe('0');
    expect(handsOver()).toEqual(['repaired']);
    await client.close();
  });
});

describe('the API client', () => {
  it('gets the headers of Events at once', async () => {
    const options = { 'grpc.default_authority': SOCKET_PATH };
    const client = new APIClient(`unix:${harness.path}`, credentials.createInsecure(), options);
    const events = client.events(EventsRequest.fromPartial({}));
    events.on('error', () => {});
    await once(events, 'metadata');
    events.cancel();
    await harness.until(() => harness.streams.size === 0);
    client.close();
  });
});

function check(client: HealthClient): Promise<void> {
  return new Promise((resolve, reject) => {
    client.check({ service: '' }, (error) => (error === null ? resolve() : reject(error)));
  });
}

function settingsAck(): Buffer {
  return frame(FrameType.settings, 0x1, 0, Buffer.alloc(0));
}

function flood(): Buffer {
  const empty = Array.from({ length: 10_000 }, () => frame(FrameType.continuation, 0, 3, Buffer.alloc(0)));
  return Buffer.concat([frame(FrameType.headers, 0, 3, Buffer.alloc(0)), ...empty]);
}

function dataFrames(streamId: number, body: Buffer): Buffer[] {
  const whole = message(streamId, body).subarray(9);
  return split(whole, [16_384]).map((piece, turn, all) => frame(0x0, turn === all.length - 1 ? 1 : 0, streamId, piece));
}

