import { parseEnvironmentFile } from '../../../../src/agent/launch/environment-file';
import { fc } from '../../../support/property';

function read(text: string): unknown {
  const content = parseEnvironmentFile(text);
  return 'variables' in content ? content.variables : content.error;
}

test.each([
  ['', []],
  ['A=1\nB=2', [['A', '1'], ['B', '2']]],
  ['  A = 1 \r\n\n', [['A', '1']]],
  ['# A=1\n; B=2\nC=3 # no comment', [['C', '3 # no comment']]],
  ['# goes on \\\nA=1\nB=2', [['B', '2']]],
  ['A=', [['A', '']]],
  ['A="x y"  \nB=\' # "z" \'', [['A', 'x y'], ['B', ' # "z" ']]],
  ['A="a\\"b\\\\c\\$d\\n"', [['A', 'a"b\\c$d\\n']]],
  ['A="one\ntwo"\nB=1', [['A', 'one\ntwo'], ['B', '1']]],
  ['A=one \\\n two', [['A', 'one  two']]],
  ['A="a"\'b\'c', [['A', 'abc']]],
  ['A=a\\ ', [['A', 'a ']]],
  ['A=don\'t', [['A', 'don\'t']]],
])('%j', (text, variables) => {
  expect(read(text)).toEqual(variables);
});

test.each([
  ['A=1\nB', { line: 2, problem: 'expected NAME=value' }],
  ['export A=1', { line: 1, problem: '"export A" is no name of a variable' }],
  ['A=1\n\nB="x\ny', { line: 3, problem: 'a quote is not closed' }],
  ['A=\'x', { line: 1, problem: 'a quote is not closed' }],
  ['A="x\ny"\n2B=1', { line: 3, problem: '"2B" is no name of a variable' }],
])('%j is wrong', (text, error) => {
  expect(read(text)).toEqual(error);
});

test('any value can be quoted', () => {
  const value = fc.string({ unit: 'grapheme' }).map((each) => each.replaceAll('\0', ''));
  fc.assert(fc.property(fc.array(value), (values) => {
    const text = values.map((each, at) => `V${String(at)}="${each.replaceAll(/["\\`$]/g, '\\$&')}"\n`).join('');
    expect(read(text)).toEqual(values.map((each, at) => [`V${String(at)}`, each]));
  }));
});
