import { signalNumber } from '../../runtime/text/signals';

export const sortings = ['name', 'cpu', 'memory'] as const;
export type Sorting = (typeof sortings)[number];

/** What the person before the screen has chosen. */
export interface View {
  readonly sorting: Sorting;
  /** Only programs whose name holds it. */
  readonly filter: string;
  /** The name that keys are about. */
  readonly chosen: string | undefined;
  /** What is being typed on the last line. */
  readonly typing: { readonly what: 'filter' | 'signal'; readonly text: string } | undefined;
  readonly isHelp: boolean;
}

export const firstView: View = { sorting: 'name', filter: '', chosen: undefined, typing: undefined, isHelp: false };

/** What a key wants done that is more than another view. */
export type Act =
  | { readonly is: 'quit' | 'interrupt' | 'suspend' }
  | { readonly is: 'why' | 'logs' | 'restart' | 'stop'; readonly name: string }
  | { readonly is: 'signal'; readonly name: string; readonly signal: number };

export type Key = 'up' | 'down' | 'enter' | 'escape' | 'backspace' | 'interrupt' | 'suspend' | { readonly char: string };

const named: Readonly<Record<string, Key>> = {
  '\u001b[A': 'up', '\u001bOA': 'up', '\u001b[B': 'down', '\u001bOB': 'down', '\u001b': 'escape',
  '\r': 'enter', '\n': 'enter', '\u007f': 'backspace', '\b': 'backspace', '\u0003': 'interrupt', '\u001a': 'suspend',
};

/** The keys in what a terminal in raw mode sends; other escape sequences are passed over. */
export function keysOf(typed: string): Key[] {
  const pieces = typed.match(/\u001b(?:\[[0-9;]*[A-Za-z~]|O[A-Za-z])?|[^\u001b]/gu) ?? [];
  return pieces.flatMap((piece): Key[] => {
    const key = named[piece];
    if (key !== undefined) return [key];
    return piece >= ' ' && !piece.startsWith('\u001b') ? [{ char: piece }] : [];
  });
}

/** A key's doing. @param names on the screen, in their order */
export function onKey(view: View, key: Key, names: readonly string[]): { readonly view: View; readonly act?: Act } {
  if (key === 'interrupt' || key === 'suspend') return { view, act: { is: key } };
  if (view.typing !== undefined) return onTyped(view, view.typing, key);
  if (view.isHelp) return { view: { ...view, isHelp: false } };
  const at = names.indexOf(view.chosen ?? '');
  if (key === 'up' || key === 'down') {
    const next = key === 'down' ? Math.min(at + 1, names.length - 1) : Math.max(at - 1, 0);
    return { view: { ...view, chosen: names[next] } };
  }
  if (key === 'escape') return { view: { ...view, filter: '', chosen: undefined } };
  return onCommand(view, key === 'enter' || key === 'backspace' ? key : key.char, at < 0 ? undefined : names[at]);
}

function onTyped(view: View, { what, text }: NonNullable<View['typing']>, key: Exclude<Key, 'interrupt' | 'suspend'>): { readonly view: View; readonly act?: Act } {
  const done = { ...view, typing: undefined };
  if (typeof key === 'object') return { view: { ...view, typing: { what, text: text + key.char } } };
  if (key === 'backspace') return { view: { ...view, typing: { what, text: text.slice(0, -1) } } };
  if (key === 'escape') return { view: done };
  if (key !== 'enter') return { view };
  if (what === 'filter') return { view: { ...done, filter: text } };
  const signal = signalNumber(text);
  return signal === undefined || view.chosen === undefined ? { view: done } : { view: done, act: { is: 'signal', name: view.chosen, signal } };
}

const acts: Readonly<Record<string, 'why' | 'logs' | 'restart' | 'stop'>> = { enter: 'why', l: 'logs', r: 'restart', x: 'stop' };

function onCommand(view: View, key: string, name: string | undefined): { readonly view: View; readonly act?: Act } {
  if (key === 'q') return { view, act: { is: 'quit' } };
  if (key === 's') return { view: { ...view, sorting: sortings[(sortings.indexOf(view.sorting) + 1) % sortings.length] ?? 'name' } };
  if (key === '/') return { view: { ...view, typing: { what: 'filter', text: '' } } };
  if (key === '?') return { view: { ...view, isHelp: true } };
  if (key === 'k' && name !== undefined) return { view: { ...view, typing: { what: 'signal', text: '' } } };
  const act = acts[key];
  return act === undefined || name === undefined ? { view } : { view, act: { is: act, name } };
}
