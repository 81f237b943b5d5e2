import { makeProgram } from '../../../../src/ctl/program/program';
import { shellWords } from '../../../../src/ctl/program/shell-words';
import type { Tool } from '../../../../src/ctl/tool';
import type { Verb } from '../../../../src/ctl/verb';

let program: Verb;
beforeAll(async () => { program = await makeProgram({ io: { stdout: process.stdout, stderr: process.stderr } } as unknown as Tool); });
const known = ['db', 'web:web_00', 'web:web_01'].map((name) => ({ name }));
const offered = (line: string): readonly string[] => shellWords(program, ['help', 'exit', 'quit'], known, line.split(' '));

test('verbs first, also after help, and what leaves the shell', () => {
  expect(offered('sto')).toEqual(['stop']);
  expect(offered('help rest')).toEqual(['restart']);
  expect(offered('ex')).toEqual(['exec', 'exit']);
});

test('then names, groups, all; flags where one is begun; signals first of signal', () => {
  expect(offered('stop ')).toEqual(['db', 'web:web_00', 'web:web_01', 'web:*', 'all']);
  expect(offered('stop db web:')).toEqual(['web:web_00', 'web:web_01', 'web:*']);
  expect(offered('stop --t')).toEqual(['--timeout']);
  expect(offered('attach d')).toEqual(['db']);
  expect(offered('signal H')).toEqual(['HUP']);
  expect(offered('signal HUP d')).toEqual(['db']);
  expect(offered('nonsense ')).toEqual([]);
});
