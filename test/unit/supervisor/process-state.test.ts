import { canBe, IllegalChange, isAlive, transition } from '../../../src/supervisor/process-state';
import type { ProcessChange, ProcessState } from '../../../src/supervisor/process-state';

const states: readonly ProcessState[] = ['registered', 'creating', 'created', 'running', 'paused', 'stopped'];
const changes: readonly ProcessChange[] = ['begun', 'undone', 'created', 'started', 'paused', 'resumed', 'ended'];

/** The whole table: the state after each change, in the order of `changes`; a dash is no change. */
const table: Readonly<Record<ProcessState, string>> = {
  registered: 'creating - - - - - -',
  creating: '- registered created - - - stopped',
  created: '- - - running - - stopped',
  running: '- - - - paused - stopped',
  paused: '- - - - - running stopped',
  stopped: '- - - - - - -',
};

describe('the states of a process', () => {
  test.each(states.flatMap((state) => changes.map((change, index) => [state, change, table[state].split(' ')[index] ?? ''] as const)))(
    '%s, %s: %s',
    (state, change, next) => {
      expect(canBe(state, change)).toBe(next !== '-');
      if (next === '-') expect(() => transition(state, change)).toThrow(new IllegalChange(state, change));
      else expect(transition(state, change)).toBe(next);
    },
  );

  test('those with a pid that can be signalled', () => {
    expect(states.filter(isAlive)).toEqual(['created', 'running', 'paused']);
  });
});
