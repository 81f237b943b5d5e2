import type { LookupFunction } from 'node:net';

import { queuedLookup } from '../../../../src/agent/health/lookup';

const found = (lookup: LookupFunction, name: string, options: { readonly all?: boolean; readonly family?: number }): Promise<unknown> =>
  new Promise((resolve) => { lookup(name, options, (error, address, family) => { resolve(error ?? (family === undefined ? address : [address, family])); }); });

describe('the lookup of names for health checks', () => {
  test('localhost is known while a name server does not answer', async () => {
    const asked: string[] = [];
    // A name server that hangs is what cannot be had.
    const lookup = queuedLookup((name) => { asked.push(name); });
    void found(lookup, 'db.example', {});
    void found(lookup, 'other.example', {});
    expect(await found(lookup, 'localhost', { all: true })).toEqual([{ address: '127.0.0.1', family: 4 }, { address: '::1', family: 6 }]);
    expect(await found(lookup, 'LOCALHOST', {})).toEqual(['127.0.0.1', 4]);
    expect(await found(lookup, 'localhost', { family: 6 })).toEqual(['::1', 6]);
    // One at a time: each has a thread of the pool.
    expect(asked).toEqual(['db.example']);
  });

  test('other names are asked for one after the other', async () => {
    const asked: string[] = [];
    const lookup = queuedLookup((name, _options, answer) => {
      asked.push(name);
      setImmediate(() => { answer(null, `${String(asked.length)}.0.0.1`, 4); });
    });
    expect(await Promise.all(['a', 'b'].map((name) => found(lookup, name, {})))).toEqual([['1.0.0.1', 4], ['2.0.0.1', 4]]);
    expect(asked).toEqual(['a', 'b']);
  });
});
