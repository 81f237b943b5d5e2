import type { Container } from '../../api/gen/holdfast/v1/containers';
import { flagsOf, signals } from '../commands/completion';
import type { Verb } from '../verb';

/** What Tab offers in the shell for the last of these words: verbs, then of each what it takes. @param leaving words that only the shell knows */
export function shellWords(program: Verb, leaving: readonly string[], containers: readonly Pick<Container, 'name'>[], words: readonly string[]): readonly string[] {
  const last = words.at(-1) ?? '';
  const verbs = [...program.verbs.map((verb) => verb.name()), ...leaving];
  const [first = ''] = words;
  if (words.length <= 1 || (first === 'help' && words.length === 2)) return verbs.filter((word) => word.startsWith(last));
  const verb = program.verbs.find((one) => one.name() === first || one.aliases().includes(first));
  if (verb === undefined) return [];
  if (last.startsWith('-')) return flagsOf(verb).filter((flag) => flag.startsWith(last));
  const names = containers.map(({ name }) => name);
  const groups = [...new Set(names.filter((name) => name.includes(':')).map((name) => `${name.split(':')[0] ?? ''}:*`))];
  const offered = first === 'signal' && words.length === 2 ? signals.split(' ') : [...names, ...groups, 'all'];
  return offered.filter((word) => word.startsWith(last));
}
