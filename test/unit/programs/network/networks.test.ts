import { mkdirSync, writeFileSync } from 'node:fs';
import { findNetwork, networkOf } from '../../../../src/programs/network/hook/networks';
import { Scratch } from '../../sys/resources';

const plugin = { type: 'bridge' };

test.each<[unknown, string]>([
  [3, 'not an object'], [{ plugins: [plugin] }, 'name: expected a text'], [{ name: 'a', plugins: [] }, 'plugins: expected a list'], [{ name: 'a', cniVersion: 1, plugins: [plugin] }, 'cniVersion: expected a text'],
  [{ name: 'a', plugins: [plugin, { type: '../../bin/sh' }] }, 'plugins[1].type: expected the name of a plugin'], [{ name: 'a' }, 'plugins[0].type: expected the name of a plugin'],
])('%j is no network', (value, problem) => {
  expect(() => networkOf(value)).toThrow(problem);
});

describe('a directory of networks', () => {
  let scratch: Scratch;
  beforeEach(() => {
    scratch = new Scratch();
    mkdirSync(scratch.file('net.d'));
  });
  afterEach(() => { scratch.remove(); });
  const write = (file: string, value: unknown): void => { writeFileSync(`${scratch.file('net.d')}/${file}`, typeof value === 'string' ? value : JSON.stringify(value)); };

  test('has them by name, the first one by the names of their files, and old ones of one plugin', () => {
    write('20-b.conflist', { name: 'b', cniVersion: '1.0.0', plugins: [plugin] });
    write('10-a.conf', { name: 'a', cniVersion: '0.3.1', type: 'ptp' });
    write('00-readme', 'no network');
    expect(findNetwork(scratch.file('net.d'), '')).toEqual({ name: 'a', cniVersion: '0.3.1', plugins: [{ name: 'a', cniVersion: '0.3.1', type: 'ptp' }] });
    expect(findNetwork(scratch.file('net.d'), 'b').plugins).toEqual([plugin]);
    expect(() => findNetwork(scratch.file('net.d'), 'c')).toThrow(`there is no CNI network c in ${scratch.file('net.d')}`);
  });

  test('may be none, or have a file that is none', () => {
    expect(() => findNetwork(scratch.file('none'), '')).toThrow(`there is no CNI network in ${scratch.file('none')}`);
    write('10-a.conf', '{"name": ');
    expect(() => findNetwork(scratch.file('net.d'), '')).toThrow(`${scratch.file('net.d')}/10-a.conf: `);
  });
});
