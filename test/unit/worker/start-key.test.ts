import { identityOf, parseStartKey } from '../../../src/worker/process-identity';

test.each([
  ['one that ran when it was looked at', '8812'],
  // A restart that cannot read its key takes its start for untold, and undoes it without an exit event.
  ['one that had ended already', ''],
])('the key of a process comes back as it was: %s', (_what, starttime) => {
  const identity = identityOf('/nonexistent', 4711, starttime);
  expect(parseStartKey(identity.startKey)).toEqual({ ...identity, writtenNs: 0n });
});

test.each(['', 'imported', '1:2', '1:2:', ':2:3', '1:2:3:4', 'a:2:3'])('%p is no such key', (key) => {
  expect(parseStartKey(key)).toBeUndefined();
});
