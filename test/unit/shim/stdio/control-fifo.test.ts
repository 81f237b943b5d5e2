
import { ControlParser } from '../../../../src/shim/stdio/control-fifo';
import type { ControlCommand } from '../../../../src/shim/stdio/control-fifo';
import { fc } from '../../../support/property';

function parse(...chunks: readonly string[]): ControlCommand[] {
  const parser = new ControlParser();
  return chunks.flatMap((chunk) => parser.push(chunk));
}

const size = fc.integer({ min: 0, max: 0xffff });
const line = fc.oneof(
  fc.constant({ text: '0 0 0\n', command: { kind: 'closeStdin' } as ControlCommand }),
  fc.tuple(size, size).map(([columns, rows]) => ({
    text: `1 ${columns} ${rows}\n`,
    command: { kind: 'resize', columns, rows } as ControlCommand,
  })),
);

describe('the control FIFO', () => {
  test('knows its two commands', () => {
    expect(parse('0 0 0\n1 80 24\n')).toEqual([{ kind: 'closeStdin' }, { kind: 'resize', columns: 80, rows: 24 }]);
  });

  test.each(['', '\n', 'x\n', '2 0 0\n', '1 80\n', '1 80 24 3\n', '-1 0 0\n', '1 65536 24\n', '1 99999999999 24\n', '1,80,24\n', '01e 1 1\n'])(
    'takes %j for no command',
    (text) => {
      expect(parse(text)).toEqual([]);
    },
  );

  test('goes on after a line without end', () => {
    const parser = new ControlParser();
    for (let count = 0; count < 1000; count++) expect(parser.push('1 80 24 ')).toEqual([]);
    expect(parser.push('\n0 0 0\n')).toEqual([{ kind: 'closeStdin' }]);
  });

  test('finds every line, however it is split', () => {
    fc.assert(
      fc.property(fc.array(line), fc.array(fc.nat(200)), (lines, cuts) => {
        const text = lines.map((each) => each.text).join('');
        const places = [...new Set([0, ...cuts.map((cut) => Math.min(cut, text.length)), text.length])].sort((a, b) => a - b);
        const chunks = places.map((place, index) => text.slice(place, places[index + 1]));
        expect(parse(...chunks)).toEqual(lines.map((each) => each.command));
      }),
    );
  });

  test('survives anything', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' })), (chunks) => {
        for (const command of parse(...chunks)) expect(['closeStdin', 'resize']).toContain(command.kind);
      }),
    );
  });
});
