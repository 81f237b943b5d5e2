import { type Act, type View, firstView, keysOf, onKey } from '../../../../src/ctl/top/view';

const names = ['db', 'mail', 'web'];

/** What is left after these keys, and what they wanted done. */
function typed(text: string, from: View = firstView): { readonly view: View; readonly acts: readonly Act[] } {
  const acts: Act[] = [];
  let view = from;
  for (const key of keysOf(text)) {
    const next = onKey(view, key, names);
    view = next.view;
    if (next.act !== undefined) acts.push(next.act);
  }
  return { view, acts };
}

const down = '\u001b[B';
const up = '\u001b[A';

test('keys of a terminal, in one piece or many, and sequences that nobody knows', () => {
  expect(keysOf(`a${down}\u001bOA\r\u007f\u001b[15~é`)).toEqual([{ char: 'a' }, 'down', 'up', 'enter', 'backspace', { char: 'é' }]);
});

test('the arrows choose, and stay within the list', () => {
  expect(typed(down).view.chosen).toBe('db');
  expect(typed(down.repeat(9)).view.chosen).toBe('web');
  expect(typed(`${down}${up}${up}`).view.chosen).toBe('db');
});

test('keys are about the chosen one, and about nothing where none is', () => {
  expect(typed(`${down}${down}rxl\r`).acts).toEqual(['restart', 'stop', 'logs', 'why'].map((is) => ({ is, name: 'mail' })));
  expect(typed('rxlk\r').acts).toEqual([]);
});

test('a chosen one that has gone from the list is chosen no more', () => {
  expect(typed('x', { ...firstView, chosen: 'gone' }).acts).toEqual([]);
});

test('a filter is typed, corrected and forgotten', () => {
  expect(typed('/wx\u007feb\r').view.filter).toBe('web');
  expect(typed('/web\u001b').view.filter).toBe('');
  expect(typed('/web\r\u001b').view.filter).toBe('');
  expect(typed('/q\r').acts).toEqual([]);
});

test('a signal is typed by name or number; one that is none does nothing', () => {
  expect(typed(`${down}kHUP\r`).acts).toEqual([{ is: 'signal', name: 'db', signal: 1 }]);
  expect(typed(`${down}k15\r`).acts).toEqual([{ is: 'signal', name: 'db', signal: 15 }]);
  expect(typed(`${down}kFROB\r`).acts).toEqual([]);
});

test('sorting goes round, help ends with any key, q and Ctrl-C leave', () => {
  expect(['s', 'ss', 'sss'].map((keys) => typed(keys).view.sorting)).toEqual(['cpu', 'memory', 'name']);
  expect(typed('?').view.isHelp).toBe(true);
  expect(typed('?q')).toEqual({ view: firstView, acts: [] });
  expect(typed('q').acts).toEqual([{ is: 'quit' }]);
  expect(typed('/\u0003').acts).toEqual([{ is: 'interrupt' }]);
});
