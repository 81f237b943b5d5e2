import { shimCommand } from '../../../src/runtime/shim-command';

// Its arguments do not show it: they become its name (src/sys/process/process-name.ts).
test('a shim keeps little garbage: by itself V8 lets it have 32 MB of young objects', () => {
  expect(shimCommand('/usr/bin/holdfast-shim')).toEqual([process.execPath, '--max-semi-space-size=1', '--v8-pool-size=1', '--invocation-count-for-maglev=100', '--minimum-invocations-after-ic-update=100', '--no-memory-reducer', '/usr/bin/holdfast-shim']);
});
