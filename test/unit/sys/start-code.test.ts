import { readFileSync } from 'node:fs';
import { letGoOfStartCode, parseMappings, untouched } from '../../../src/sys/start-code';

const program = '/usr/bin/node';
const maps = `00400000-00746000 r--p 00000000 fe:00 15393178                           /usr/bin/node
0074a000-03044000 r-xp 0034a000 fe:00 15393178                           /usr/bin/node
03201000-06b51000 r--p 02e01000 fe:00 15393178                           /usr/bin/node
06b52000-06b56000 r--p 06751000 fe:00 15393178                           /usr/bin/node
06b56000-06b7d000 rw-p 06755000 fe:00 15393178                           /usr/bin/node
06b7d000-06bb6000 rw-p 00000000 00:00 0 
1a0e3000-1a4f5000 rw-p 00000000 00:00 0                                  [heap]
7f3acfdc0000-7f3acffc5000 r-xp 01627000 fe:00 15393178                   /usr/bin/node
7f3ad0000000-7f3ad0021000 r-xp 00000000 fe:00 77                         /usr/lib/libc.so.6
ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]
`;

describe("what of Node's program is let go of", () => {
  const startsOf = (text: string): string[] => untouched(parseMappings(text), program).map(({ start }) => start.toString(16));

  test('is its code and its constants, and not what the linker has written to', () => {
    expect(startsOf(maps)).toEqual(['400000', '74a000', '3201000', '7f3acfdc0000']);
  });

  test('is nothing where the kernel shows constants and what the linker has written to as one', () => {
    const merged = maps.replace(/^03201000-06b51000.*\n06b52000-/m, '03201000-');
    expect(startsOf(merged)).toEqual(['400000', '74a000', '7f3acfdc0000']);
  });

  test('comes back where it is needed', () => {
    const before = residentKb();
    letGoOfStartCode();
    expect(residentKb()).toBeLessThan(before);
    expect(JSON.parse(JSON.stringify({ all: [new Date(0).toISOString(), 'Å'.normalize('NFD').length] }))).toEqual({ all: ['1970-01-01T00:00:00.000Z', 2] });
  });
});

/** Of the program that runs this. */
function residentKb(): number {
  let isOurs = false;
  let sum = 0;
  for (const line of readFileSync('/proc/self/smaps', 'latin1').split('\n')) {
    if (/^[0-9a-f]+-[0-9a-f]+ /.test(line)) isOurs = line.endsWith(` ${process.execPath}`);
    else if (isOurs) sum += Number(/^Rss:\s+(\d+) kB$/.exec(line)?.[1] ?? 0);
  }
  return sum;
}
