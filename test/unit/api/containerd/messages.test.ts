import { Container, UpdateContainerRequest } from '../../../../src/api/gen/containerd/services/containers/v1/containers';
import { DiffResponse } from '../../../../src/api/gen/containerd/services/diff/v1/diff';
import { Descriptor } from '../../../../src/api/gen/containerd/types/descriptor';

function roundTrip(container: Container): Container {
  return Container.decode(Container.encode(container).finish());
}

describe('the messages of the containerd API', () => {
  test('keep an Any without a value apart from none', () => {
    const options = { type_url: 'containerd.runc.v1.Options', value: new Uint8Array() };
    const whole = Container.fromPartial({ id: 'a', runtime: { name: 'io.containerd.runc.v2', options } });
    expect(roundTrip(whole).runtime?.options).toEqual(options);
    expect(roundTrip(whole).spec).toBeUndefined();
    // Field 5 with an empty message: an Any without type and value, which is not "no spec".
    expect(Container.decode(Uint8Array.of(0x2a, 0)).spec).toEqual({ type_url: '', value: new Uint8Array() });
    expect([...Container.encode(Container.decode(Uint8Array.of(0x2a, 0))).finish()]).toEqual([0x2a, 0]);
  });

  test('keep labels of any name, in their order', () => {
    const labels = new Map([['2', 'b'], ['__proto__', 'x'], ['1', ''], ['', 'empty']]);
    const extensions = new Map([['__proto__', { type_url: 't', value: Uint8Array.of(1, 2) }]]);
    const whole = roundTrip(Container.fromPartial({ labels, extensions }));
    expect([...whole.labels]).toEqual([...labels]);
    expect([...whole.extensions]).toEqual([...extensions]);
  });

  test('tell a field mask without paths from none, and a time of year 1', () => {
    const decode = (update_mask: string[] | undefined): string[] | undefined =>
      UpdateContainerRequest.decode(UpdateContainerRequest.encode({ container: undefined, update_mask }).finish()).update_mask;
    expect(decode(undefined)).toBeUndefined();
    expect(decode([])).toEqual([]);
    expect(decode(['labels.a.b', 'spec'])).toEqual(['labels.a.b', 'spec']);
    const created_at = { seconds: -62135596800n, nanos: 0 };
    expect(roundTrip(Container.fromPartial({ created_at })).created_at).toEqual(created_at);
  });

  test('have the numbers that are easily taken for others', () => {
    expect([...Descriptor.encode(Descriptor.fromPartial({ annotations: new Map([['k', 'v']]) })).finish()]).toEqual([0x2a, 6, 0x0a, 1, 0x6b, 0x12, 1, 0x76]);
    expect([...DiffResponse.encode({ diff: Descriptor.fromPartial({}) }).finish()]).toEqual([0x1a, 0]);
  });
});
