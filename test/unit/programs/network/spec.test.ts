import { containerSpec } from '../../../../src/runtime/bundle/container-spec';
import { type Network, type PortMapping, parseNetwork, parsePort, printNetwork, printPort } from '../../../../src/runtime/bundle/network';
import { type JsonObject, parseJson, printJson } from '../../../../src/runtime/json';
import { givingBack, networkId, networkedSpec } from '../../../../src/programs/network/spec';

const specOf = (network: Network, more: JsonObject = {}): JsonObject => {
  const wishes = {
    cgroupsPath: '/box', rootfs: 'rootfs', readonlyRootfs: false, command: ['true'], env: [], cwd: '/', terminal: false, hostname: 'box', user: { uid: 0, gid: 0, additionalGids: [] },
    resources: {}, mounts: [], noNewPrivileges: true, ownPidNamespace: true, network,
  };
  return { ...(parseJson(printJson(containerSpec(wishes))) as JsonObject), ...more };
};
const place = { hook: '/lib/holdfast-network', directory: '/run/networks', environment: { PATH: '/bin', SECRET: 'x', NETCONFPATH: '/etc/nets' }, id: 'holdfast-1', isThere: () => true };
const destinations = (spec: JsonObject): readonly string[] => (spec['mounts'] as readonly { readonly destination: string }[]).map(({ destination }) => destination).filter((path) => path.startsWith('/etc'));

test.each<[string, Network | undefined]>([
  ['none', { is: 'none' }], ['host', { is: 'host' }], ['cni', { is: 'cni', name: '', ports: [] }], ['cni:boxes', { is: 'cni', name: 'boxes', ports: [] }],
  ['', undefined], ['cni:', undefined], ['cni:../x', undefined], ['cni:a:b', undefined], ['bridge', undefined], ['host:x', undefined],
])('network %j', (text, network) => {
  expect(parseNetwork(text)).toEqual(network);
  if (network !== undefined) expect(printNetwork(network)).toBe(text);
});

test('a network of plugins is made by hooks, which hear of the daemon what they need and no more', () => {
  const { hooks } = networkedSpec(specOf({ is: 'cni', name: 'boxes', ports: [] }), place, false);
  const hook = (verb: string): object => ({ path: '/lib/holdfast-network', args: ['/lib/holdfast-network', verb, 'holdfast-1', '/run/networks', 'boxes'], env: ['PATH=/bin', 'NETCONFPATH=/etc/nets'], timeout: 60 });
  expect(hooks).toEqual({ createRuntime: [hook('add')], poststop: [hook('del')] });
});

test.each<[string, PortMapping | undefined]>([
  ['8080:80', { hostPort: 8080, containerPort: 80, protocol: 'tcp' }], ['127.0.0.1:53:54/udp', { hostIP: '127.0.0.1', hostPort: 53, containerPort: 54, protocol: 'udp' }],
  ['[::1]:1:65535', { hostIP: '::1', hostPort: 1, containerPort: 65_535, protocol: 'tcp' }],
  ['80', undefined], ['0:80', undefined], ['80:65536', undefined], ['::1:80:80', undefined], ['1.2.3:80:80', undefined], ['80:80/sctp', undefined], ['', undefined],
])('port %j', (text, port) => {
  expect(parsePort(text)).toEqual(port);
  if (port !== undefined) expect(printPort(port)).toBe(text);
});

test('what is left of another boot is undone without a container: the same hook is called with another verb', () => {
  const ports = [{ hostPort: 8080, containerPort: 80, protocol: 'tcp' }] as const;
  expect(givingBack(specOf({ is: 'cni', name: 'boxes', ports }), place)).toEqual({
    command: ['/lib/holdfast-network', 'forget', 'holdfast-1', '/run/networks', 'boxes', JSON.stringify(ports)], env: { PATH: '/bin', NETCONFPATH: '/etc/nets' }, timeoutMs: 60_000,
  });
  expect(givingBack(specOf({ is: 'host' }), place)).toBeUndefined();
});

test('ports are told behind the network', () => {
  const ports = [{ hostPort: 8080, containerPort: 80, protocol: 'tcp' }] as const;
  expect(networkedSpec(specOf({ is: 'cni', name: '', ports }), place, false)['hooks']).toMatchObject({ createRuntime: [{ args: ['/lib/holdfast-network', 'add', 'holdfast-1', '/run/networks', '', JSON.stringify(ports)] }] });
});

test('hooks that a spec has stay, and come first', () => {
  const own = { createRuntime: [{ path: '/own' }], prestart: [{ path: '/other' }] };
  expect(networkedSpec(specOf({ is: 'cni', name: '', ports: [] }, { hooks: own }), place, false)['hooks']).toMatchObject({ prestart: [{ path: '/other' }], createRuntime: [{ path: '/own' }, {}], poststop: [{}] });
});

test('what asks for nothing of it is as it was', () => {
  for (const network of [{ is: 'none' }, { is: 'host' }] as const) {
    const spec = specOf(network);
    expect(networkedSpec(spec, place, false)).toBe(spec);
  }
  const alone = specOf({ is: 'none' });
  expect(networkedSpec(alone, place, true)).toBe(alone);
});

test.each<[Network, readonly string[]]>([[{ is: 'host' }, ['/etc/resolv.conf', '/etc/hosts']], [{ is: 'cni', name: '', ports: [] }, ['/etc/resolv.conf']]])('an image finds names by what this host has: %j', (network, files) => {
  expect(destinations(networkedSpec(specOf(network), place, true))).toEqual(files);
  expect(destinations(networkedSpec(specOf(network), { ...place, isThere: () => false }, true))).toEqual([]);
  const mounts = [{ destination: '/etc/resolv.conf', type: 'bind', source: '/mine' }];
  expect(destinations(networkedSpec(specOf(network, { mounts }), place, true))).toEqual([...new Set(['/etc/resolv.conf', ...files])]);
});

test('the id is of the daemon and the container, in what plugins take', () => {
  expect(networkId('/a', 'g:p')).toMatch(/^[A-Za-z0-9][A-Za-z0-9_.-]*$/);
  expect(new Set([networkId('/a', 'g:p'), networkId('/b', 'g:p'), networkId('/a', 'g-p')]).size).toBe(3);
});
