import { plainGrpcMessage } from '../../../../src/api/wire/plain-grpc-message';
import { fc } from '../../../support/property';
import { greeting, request } from './frame-kit';
import { RawClient, SIGNAL_ERROR, WireHarness } from './wire-harness';

function encoded(text: string): string {
  return String(plainGrpcMessage(text).get('grpc-message')[0]);
}

describe('a plain grpc-message', () => {
  it('leaves printable ASCII but % as it is', () => {
    const printable = String.fromCharCode(...Array.from({ length: 95 }, (_, at) => 0x20 + at));
    expect(encoded(printable)).toBe(printable.replace('%', '%25'));
  });

  it('percent-encodes the rest as UTF-8', () => {
    expect(encoded('a\tb\n')).toBe('a%09b%0A');
    expect(encoded('ü€😀\u007f')).toBe('%C3%BC%E2%82%AC%F0%9F%98%80%7F');
    expect(encoded('\ud800')).toBe('%EF%BF%BD');
  });

  it('decodes to the same text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 500 }), (text) => {
        expect(decodeURIComponent(encoded(text))).toBe(text);
        expect(encoded(text)).toMatch(/^[ -~]*$/);
      }),
    );
  });

  it('cuts what is too long, between two characters', () => {
    const text = encoded('€'.repeat(10_000));
    expect(text.length).toBeLessThanOrEqual(8192);
    expect(decodeURIComponent(text)).toMatch(/^€{900,}$/);
  });

  it('reaches the wire like that, in place of what grpc-js makes', async () => {
    const harness = await new WireHarness().listen();
    const client = new RawClient(harness.path);
    await client.send([Buffer.concat([greeting(), request(1, '/types.API/Signal')])]);
    await client.until(() => client.answers.get(1)?.ended === true);
    const fields = client.answers.get(1)?.fields;
    expect(fields?.get('grpc-status')).toBe('2');
    expect(fields?.get('grpc-message')).toBe(encoded(SIGNAL_ERROR));
    expect(fields?.get('grpc-message')).toBe('oci runtime error: 100%25 %E2%80%9Cgone%E2%80%9D%0A');
    await client.close();
    await harness.stop();
  });
});
