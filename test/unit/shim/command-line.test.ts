import { parseCommandLine } from '../../../src/shim/command-line';

describe('the command line', () => {
  test('knows its three forms', () => {
    expect(parseCommandLine(['--serve', '/run/state', '--name', '0.1.0-42-1'])).toEqual({
      kind: 'serve',
      stateDir: '/run/state',
      name: '0.1.0-42-1',
    });
    expect(parseCommandLine(['web', '/bundle', 'runc'])).toEqual({ kind: 'single', id: 'web', bundle: '/bundle', runtime: 'runc' });
    expect(parseCommandLine(['--version'])).toEqual({ kind: 'version' });
  });

  test.each([[[]], [['--serve', '/run/state']], [['--serve', '/run/state', '--name', '../up']], [['--serve', '', '--name', 'a']],
    [['-x', '/bundle', 'runc']], [['web', '/bundle']], [['web', '/bundle', '']], [['--help']]])('refuses %j', (args) => {
    expect(parseCommandLine(args)).toEqual({ kind: 'wrong' });
  });
});
