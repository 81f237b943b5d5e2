import { type Pattern, patternOf } from '../../../runtime/text/pattern';
import { FilterError, Scanner } from './scanner';

/** One condition on one field. */
export interface Selector {
  /** `labels.com.example.x` is `labels` and the rest, part by part. */
  readonly path: readonly string[];
  readonly operator: 'present' | '==' | '!=' | '~=';
  readonly value: string;
  /** Of `~=`; undefined where it is no regular expression: then nothing matches. */
  readonly pattern?: Pattern | undefined;
}

/** All must match. */
export type Filter = readonly Selector[];

/** A field's text; undefined where there is no such field. An empty field is as one that is not there. */
export type FieldOf = (path: readonly string[]) => string | undefined;

/** Reads filters, of which any may match; the empty one matches everything. @throws FilterError */
export function parseFilters(filters: readonly string[]): readonly Filter[] {
  return filters.map(parseFilter);
}

/** Whether something fits: where no filter is given, everything does. */
export function matches(filters: readonly Filter[], field: FieldOf): boolean {
  return filters.length === 0 || filters.some((filter) => filter.every((selector) => selects(selector, field)));
}

function parseFilter(text: string): Filter {
  if (text === '') return [];
  const scanner = new Scanner(text);
  const selectors = [parseSelector(scanner)];
  while (!scanner.isAtEnd) {
    const { nextCharacter, position } = scanner;
    if (nextCharacter !== ',') throw new FilterError(text, position, `unexpected input: ${shown(text, position)}`);
    scanner.next();
    selectors.push(parseSelector(scanner));
  }
  return selectors;
}

/** A character that nothing may contain is shown as the one that stands for such. */
function shown(text: string, position: number): string {
  const [character = ''] = text.slice(position);
  return character === '\0' ? '\ufffd' : character;
}

function parseSelector(scanner: Scanner): Selector {
  const path = [parseField(scanner)];
  while (scanner.nextCharacter === '.') {
    scanner.next();
    path.push(parseField(scanner));
  }
  if (scanner.isAtEnd || scanner.nextCharacter === ',') return { path, operator: 'present', value: '' };
  const operator = parseOperator(scanner);
  const value = parseValue(scanner, operator);
  return operator === '~=' ? { path, operator, value, pattern: patternOf(value) } : { path, operator, value };
}

function parseField(scanner: Scanner): string {
  const { kind, text, position } = scanner.next();
  if (kind !== 'word' && kind !== 'quoted') throw new FilterError(scanner.input, position, 'expected field or quoted');
  return text;
}

function parseOperator(scanner: Scanner): '==' | '!=' | '~=' {
  const { kind, text, position } = scanner.next();
  if (kind !== 'operator') throw new FilterError(scanner.input, position, 'expected an operator ("=="|"!="|"~=")');
  if (text !== '==' && text !== '!=' && text !== '~=') throw new FilterError(scanner.input, position, `unsupported operator "${text}"`);
  return text;
}

function parseValue(scanner: Scanner, operator: string): string {
  const { kind, text, position } = scanner.next('value', operator === '~=' ? '"/|' : '"');
  if (kind !== 'value' && kind !== 'quoted') throw new FilterError(scanner.input, position, 'expected value or quoted');
  return text;
}

function selects({ path, operator, value, pattern }: Selector, field: FieldOf): boolean {
  const found = field(path) ?? '';
  switch (operator) {
    case 'present':
      return found !== '';
    case '==':
      return found !== '' && found === value;
    case '!=':
      return found !== value;
    case '~=':
      return pattern?.(found) ?? false;
  }
}
