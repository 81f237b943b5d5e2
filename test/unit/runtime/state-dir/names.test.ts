
import { checkName } from '../../../../src/runtime/state-dir/names';
import { fc } from '../../../support/property';
import { thrownBy } from '../scratch';

describe('checkName', () => {
  test.each(['web1', 'a.b-c_d', '...', '名', 'x'.repeat(255), 'with space', '\n'])('takes %j', (name) => {
    checkName('container id', name);
    checkName('process id', name);
    checkName('checkpoint name', name);
  });

  test.each(['', '.', '..', 'a/b', '/', '../x', 'a\0b', 'x'.repeat(256), '名'.repeat(86)])('refuses %j', (name) => {
    for (const kind of ['container id', 'process id', 'checkpoint name'] as const) {
      expect(thrownBy(() => checkName(kind, name))).toMatchObject({ code: 'invalid-name', message: expect.stringContaining(kind) as string });
    }
  });

  test('refuses a container id that the runtime would take for a flag', () => {
    expect(thrownBy(() => checkName('container id', '--help')).message).toMatch(/starts with a dash/);
    checkName('process id', '-x');
  });

  test.each(['events.log', 'holdfast.lock', 'holdfast-events.db', 'holdfast-events.db-wal', 'holdfast-shim-0.1.0-7-1.sock'])(
    'keeps %s for the state directory itself',
    (name) => {
      expect(thrownBy(() => checkName('container id', name)).message).toMatch(/reserved/);
    },
  );

  test('keeps state.json for the container itself', () => {
    expect(thrownBy(() => checkName('process id', 'state.json')).message).toMatch(/reserved/);
  });

  test('whatever it lets through is one path component, and every message is one line', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        try {
          checkName('container id', name);
        } catch (error) {
          expect((error as Error).message).not.toMatch(/\n/);
          return;
        }
        expect(name).not.toMatch(/[/\0]/);
        expect(['', '.', '..']).not.toContain(name);
      }),
    );
  });
});
