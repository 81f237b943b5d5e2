import type { Stored } from '../../../../src/agent/machine/state';
import { StoredTextError, parseStored, printStored } from '../../../../src/agent/machine/stored-text';
import { fc } from '../../../support/property';

const moment = { bootId: fc.string(), bootMs: fc.double({ noNaN: true, noDefaultInfinity: true, min: 0 }), wallMs: fc.nat() };
const deadline = fc.record({ ...moment, spanMs: fc.nat() });
const upSince = fc.record(moment);
const health = fc.option(fc.record({ verdict: fc.constantFrom('starting' as const, 'healthy' as const, 'unhealthy' as const), failures: fc.nat(), detail: fc.string() }), { nil: undefined });
const common = {
  generation: fc.nat(),
  wanted: fc.constantFrom('up' as const, 'down' as const),
  since: fc.record(moment),
  failures: fc.nat(),
  quickEnds: fc.nat(),
  recentFailures: fc.array(fc.record(moment), { maxLength: 3 }),
  due: fc.option(fc.record({ ...moment, spanMs: fc.nat(), of: fc.string() }), { nil: undefined }),
  lastEnd: fc.option(fc.record({ status: fc.nat(255), unknown: fc.string(), atMs: fc.nat(), ranMs: fc.nat() }), { nil: undefined }),
};
const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined });
const is = <T extends string>(...words: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...words);

const storeds: fc.Arbitrary<Stored> = fc.oneof(
  fc.record({ ...common, state: is('STOPPED', 'EXITED') }),
  fc.record({ ...common, state: is('UNKNOWN'), reason: fc.string() }),
  fc.record({ ...common, state: is('FATAL'), reason: fc.string(), failure: is('not-found', 'not-executable', 'other'), isTold: fc.boolean() }),
  fc.record({ ...common, state: is('RUNNING'), upSince, health }),
  fc.record({ ...common, state: is('BACKOFF'), deadline, reason: fc.string() }),
  fc.record({ ...common, state: is('STARTING'), phase: is('dependency'), deadline: maybe(deadline) }),
  fc.record({ ...common, state: is('STARTING'), phase: is('start') }),
  fc.record({ ...common, state: is('STARTING'), phase: is('probation'), deadline, upSince, health }),
  fc.record({ ...common, state: is('STARTING'), phase: is('readiness'), upSince, health }),
  fc.record({
    ...common,
    state: is('STOPPING'),
    upSince: maybe(upSince),
    step: fc.nat(),
    isSignalled: fc.boolean(),
    deadline: maybe(deadline),
    after: is('stopped', 'start', 'backoff', 'removed'),
    reason: fc.string(),
  }),
);

test('what is written down of a program is read as it was', () => {
  fc.assert(fc.property(storeds, (stored) => {
    expect(parseStored(printStored(stored))).toEqual(stored);
  }));
});

test('what is damaged is refused with the name of the field, and never taken for something else', () => {
  fc.assert(fc.property(storeds, fc.nat(), fc.constantFrom(null, {}, [], true), (stored, at, instead) => {
    const fields = JSON.parse(printStored(stored)) as Record<string, unknown>;
    const names = Object.keys(fields).filter((name) => !((name === 'isSignalled' || name === 'isTold') && instead === true) && !(name === 'recentFailures' && Array.isArray(instead)));
    const name = names[at % names.length] ?? '';
    const read = (): Stored => parseStored(JSON.stringify({ ...fields, [name]: instead }));
    expect(read).toThrow(StoredTextError);
    expect(read).toThrow(name);
  }));
});
