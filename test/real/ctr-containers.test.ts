import { Side } from './support/side';
import { describeReal, SideBySide } from './support/side-by-side';

describeReal('ctr: version, plugins, namespaces, containers, leases', () => {
  const sides = new SideBySide((name) => new Side(name));
  const same = sides.same.bind(sides);

  same('version', async (side) => {
    const { stdout, stderr } = await side.quietly({}, 'version');
    // The server's revision and UUID are its own, and ctr warns of a revision that is not its own.
    side.note(stdout.replace(/(?<=Server:[^]*Revision: ).*/, '<revision>').replaceAll('1.6.20~ds1', '1.6.20').replace(/Revision: 1.*/, 'Revision: <revision>'));
    expect(side.name === 'debian' ? stderr : '').toBe('');
    expect(stdout).toMatch(/Server:\n {2}Version: {2}1\.6\.20.*\n {2}Revision: \S+.*\n {2}UUID: [0-9a-f-]{36}\n/);
    expect((await side.quietly({}, 'version')).stdout).toBe(stdout);
  });

  same('plugins ls', async (side) => {
    const { stdout, code } = await side.quietly({}, 'plugins', 'ls');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^TYPE +ID +PLATFORMS +STATUS/);
    for (const service of ['containers', 'tasks', 'events', 'namespaces', 'leases', 'version', 'introspection']) {
      expect(stdout).toMatch(new RegExp(`^io\\.containerd\\.grpc\\.v1 +${service} +- +ok`, 'm'));
    }
  });

  same('namespaces: create, label, list, remove', async (side) => {
    await side.ctr('namespaces', 'create', 'n1', 'a=1', 'b=two words');
    await side.ctr('namespaces', 'create', 'n1');
    await side.ctr('namespaces', 'create', 'a b');
    await side.ctr('namespaces', 'create');
    await side.ctr('namespaces', 'ls');
    await side.ctr('namespaces', 'label', 'n1', 'a=', 'c=3');
    await side.ctr('namespaces', 'label', 'n2', 'a=1');
    await side.ctr('namespaces', 'ls');
    await side.ctr('namespaces', 'ls', '-q');
    await side.ctr('namespaces', 'rm', 'n1', 'n2', 'unknown');
    await side.ctr('namespaces', 'ls', '-q');
    await side.ctr('-n', 'a b', 'containers', 'ls');
  });

  same('containers: create, list, filter, info, label, remove', async (side) => {
    await side.ctr('containers', 'create', '--label', 'x=y', '--rootfs', side.rootfs, 'c1', '/bin/true');
    await side.ctr('containers', 'create', '--label', 'x=z', '--env', 'A=B', '--rootfs', side.rootfs, 'c2', '/bin/echo', 'two words', '');
    await side.ctr('containers', 'create', '--rootfs', side.rootfs, 'c1', '/bin/true');
    await side.ctr('containers', 'create', '--rootfs', side.rootfs, 'no such id', '/bin/true');
    await side.ctr('containers', 'create', '--rootfs', side.rootfs, 'x'.repeat(77), '/bin/true');
    await side.ctr('containers', 'create', '--label', `k=${'v'.repeat(4096)}`, '--rootfs', side.rootfs, 'c3', '/bin/true');
    await side.ctr('containers', 'ls');
    for (const filter of ['labels.x==y', 'labels.x', 'labels."x"!=y', 'id~=^c', 'id==c1,labels.x==z', 'runtime.name==io.containerd.runc.v2', 'id=c1', "id=='c1'", 'id~=(', 'image']) {
      await side.ctr('containers', 'ls', '-q', filter);
    }
    await side.ctr('containers', 'ls', '-q', 'id==c1', 'id==c2');
    await side.ctr('containers', 'info', 'c1');
    await side.ctr('containers', 'info', 'c2');
    await side.ctr('containers', 'info', 'nope');
    const { stdout: labels } = await side.quietly({}, 'containers', 'label', 'c1', 'x=', 'new=1', 'long.name/with=a=b');
    // ctr prints them in the order of a map, which is none.
    side.note(labels.trim().split(',').sort().join(','));
    await side.ctr('containers', 'label', 'nope', 'x=1');
    await side.ctr('containers', 'info', 'c1');
    await side.ctr('namespaces', 'rm', side.place.namespace);
    await side.ctr('containers', 'rm', 'c1', 'nope');
    await side.ctr('containers', 'rm', 'c2');
    await side.ctr('containers', 'ls', '-q');
    await side.ctr('namespaces', 'rm', side.place.namespace);
  });

  same('containers of two namespaces with one id', async (side) => {
    const others = `${side.place.namespace}.2`;
    await side.ctr('containers', 'create', '--label', 'of=1', '--rootfs', side.rootfs, 'twin', '/bin/true');
    await side.ctr('-n', others, 'containers', 'create', '--label', 'of=2', '--rootfs', side.rootfs, 'twin', '/bin/true');
    await side.ctr('-n', others, 'containers', 'ls', '-q', 'labels.of==2');
    await side.ctr('containers', 'rm', 'twin');
    await side.ctr('-n', others, 'containers', 'ls', '-q');
    await side.ctr('-n', others, 'containers', 'rm', 'twin');
    await side.ctr('namespaces', 'rm', others);
  });

  same('leases', async (side) => {
    await side.ctr('leases', 'create', '--id', 'L 1/x', 'a=b');
    await side.ctr('leases', 'create', '--id', 'L 1/x');
    await side.ctr('leases', 'create', '--id', '/tmp/mnt', '--expires', '1h');
    const { stdout } = await side.quietly({}, 'leases', 'ls');
    side.note(stdout.replace(/gc\.expire=\S+/, 'gc.expire=<time>'));
    await side.ctr('leases', 'delete', 'L 1/x', '/tmp/mnt');
    await side.ctr('leases', 'delete', 'zz');
    await side.ctr('leases', 'ls');
    expect((await side.quietly({}, 'leases', 'create')).stdout).toMatch(/^\S+\n$/);
  });

  same('what runtime ctr names comes back', async (side) => {
    await side.ctr('containers', 'create', '--runtime', 'io.containerd.other.v9', '--rootfs', side.rootfs, 'r1', '/bin/true');
    await side.ctr('containers', 'ls');
    const { stdout } = await side.quietly({}, 'containers', 'info', 'r1');
    side.note(JSON.stringify((JSON.parse(stdout) as { Runtime: unknown }).Runtime));
    await side.ctr('containers', 'rm', 'r1');
  });
});
