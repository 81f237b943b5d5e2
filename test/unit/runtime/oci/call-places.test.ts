import { CallPlaces } from '../../../../src/runtime/oci/call-places';

describe('places for calls', () => {
  const never = new Promise<void>(() => undefined);

  it('are as many as they say, and a call waits for one', async () => {
    const places = new CallPlaces(2);
    let began = 0;
    const ends: (() => void)[] = [];
    const work = (): Promise<void> => {
      began += 1;
      return new Promise((resolve) => ends.push(resolve));
    };
    const calls = [1, 2, 3].map(() => places.run(work));
    await new Promise(setImmediate);
    expect(began).toBe(2);
    ends[0]?.();
    await calls[0];
    await new Promise(setImmediate);
    expect(began).toBe(3);
    for (const end of ends) end();
    await Promise.all(calls);
  });

  it('are given up by calls that hang, which go on and are still answered', async () => {
    const places = new CallPlaces(1, 20);
    let end: (value: string) => void = () => undefined;
    const slow = places.run(() => new Promise<string>((resolve) => (end = resolve)));
    void places.run(() => never);
    const last = places.run(() => Promise.resolve('last'));
    expect(await last).toBe('last');
    end('after all');
    expect(await slow).toBe('after all');
  });

  it('pass a failure on, and are free again', async () => {
    const places = new CallPlaces(1);
    await expect(places.run(() => Promise.reject(new Error('failed')))).rejects.toThrow('failed');
    expect(await places.run(() => Promise.resolve(1))).toBe(1);
  });
});
