import { parseFibTrie, parseIfInet6, readAddresses } from '../../../../src/runtime/cgroups/addresses';

/** Of a container with one address, as Linux 6.18 tells it. */
const trie = `Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
     +-- 127.0.0.0/8 2 0 2
        +-- 127.0.0.0/31 1 0 0
           |-- 127.0.0.0
              /8 host LOCAL
           |-- 127.0.0.1
              /32 host LOCAL
     +-- 192.0.2.0/24 2 0 2
        +-- 192.0.2.0/30 2 0 2
           |-- 192.0.2.0
              /24 link UNICAST
           |-- 192.0.2.2
              /32 host LOCAL
        |-- 192.0.2.255
           /32 link BROADCAST
`;

test('addresses of version 4: its own, each once, and no loopback', () => {
  expect(parseFibTrie(trie + trie.replace('Main', 'Local'))).toEqual(['192.0.2.2']);
  expect(parseFibTrie('')).toEqual([]);
});

test('addresses of version 6: those that others can reach', () => {
  expect(parseIfInet6([
    '00000000000000000000000000000001 01 80 10 80       lo',
    'fe8000000000000000fc00fffe000001 04 40 20 80     eth0',
    'fd000000000000000000000000000002 04 40 00 82     eth0',
    '',
  ].join('\n'))).toEqual(['fd00::2']);
});

test('of a process in our own namespace, and of none, there are none', () => {
  expect(readAddresses(process.pid)).toEqual([]);
  expect(readAddresses(2 ** 22 + 1)).toEqual([]);
});
