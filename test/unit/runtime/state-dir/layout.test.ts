import { StateDir } from '../../../../src/runtime/state-dir/layout';

test('the paths of a state directory', () => {
  const dir = new StateDir('/run/containerd');
  expect([
    dir.containerDir('c1'), dir.processDir('c1', 'init'), dir.journal, dir.eventDatabase, dir.lockFile, dir.shimSocket('0.1.0-7-1'),
    dir.liftedBundle('c1'),
  ]).toEqual([
    '/run/containerd/c1', '/run/containerd/c1/init', '/run/containerd/events.log', '/run/containerd/holdfast-events.db',
    '/run/containerd/holdfast.lock', '/run/containerd/holdfast-shim-0.1.0-7-1.sock', '/run/containerd.holdfast/bundles/c1',
  ]);
});

test('what must be a directory lies beside the state directory, not in it', () => {
  expect(new StateDir('/run/x/').companion).toBe('/run/x.holdfast');
});
