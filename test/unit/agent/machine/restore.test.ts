import { restoreEvent } from '../../../../src/agent/machine/restore';
import { type Stored, newlyDefined } from '../../../../src/agent/machine/state';

const started = { bootId: 'boot', bootMs: 1_000_000, wallMs: 1_796_000_000_000 };
const now = { ...started, bootMs: started.bootMs + 300, wallMs: started.wallMs + 300 };
const starting: Stored = { ...newlyDefined(started), state: 'STARTING', phase: 'start', generation: 7 };

test('a run that a daemon has not told of has been up for no longer than its start is under way, however long the shell that it became has waited', () => {
  expect(restoreEvent(starting, { is: 'alive', ranMs: 86_400_000 }, now)).toEqual({ kind: 'up', ranMs: 300 });
  expect(restoreEvent(starting, { is: 'alive', ranMs: 200 }, now)).toEqual({ kind: 'up', ranMs: 200 });
});

test('one that somebody else has started meanwhile for as long as it is there', () => {
  expect(restoreEvent(newlyDefined(now), { is: 'alive', ranMs: 86_400_000 }, now)).toEqual({ kind: 'up', ranMs: 86_400_000 });
});
