import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Container, ContainersService as Containers } from '../../../src/api/gen/containerd/services/containers/v1/containers';
import { IntrospectionService as Introspection } from '../../../src/api/gen/containerd/services/introspection/v1/introspection';
import { LeasesService as Leases } from '../../../src/api/gen/containerd/services/leases/v1/leases';
import { NamespacesService as Namespaces } from '../../../src/api/gen/containerd/services/namespaces/v1/namespaces';
import { VersionService as Version } from '../../../src/api/gen/containerd/services/version/v1/version';
import { ContainerdClient } from '../../support/containerd-client';
import { fc } from '../../support/property';
import { describeOnHost, realContainers } from '../../support/requires';
import { TestHost } from '../../support/test-host';

const none = new Map<string, string>();
const tooBig = new Map([['k'.repeat(20), 'v'.repeat(4090)]]);
const spec = { type_url: 'types.containerd.io/opencontainers/runtime-spec/1/Spec', value: Buffer.from('{}') };
const runtime = (name: string): Container['runtime'] => ({ name, options: undefined });
const container = (fields: Partial<Container> = {}): Container =>
  ({ ...Container.fromPartial({}), id: 'a1', runtime: runtime('io.containerd.runc.v2'), spec, ...fields });
const mustMatch = 'must match ^[A-Za-z0-9]+(?:[._-](?:[A-Za-z0-9]+))*$: invalid argument';
const labelTooBig = 'label key and value greater than maximum size (4096 bytes), key: kkkkkkkkkk: invalid argument';
const sha = `sha256:${'a'.repeat(64)}`;

describeOnHost('records over the containerd API', realContainers, () => {
  let host: TestHost;
  let client: ContainerdClient;

  beforeEach(async () => {
    host = await TestHost.withDaemon();
    client = new ContainerdClient(host.socketPath);
  });

  afterEach(async () => {
    client.close();
    await host.cleanUp();
  });

  const create = (fields?: Partial<Container>, namespace = 'ns') => client.ask(Containers.create, { container: container(fields) }, namespace);
  const reconnect = (): void => {
    client.close();
    client = new ContainerdClient(host.socketPath);
  };

  // Codes and texts as containerd 1.6.20 answers them.
  test('every error of containers has its code and text', async () => {
    const creating = (fields: Partial<Container>) => client.refusal(Containers.create, { container: container(fields) }, 'ns');
    const updating = (fields: Partial<Container>, update_mask?: string[], namespace = 'ns') =>
      client.refusal(Containers.update, { container: container(fields), update_mask }, namespace);
    const invalid = '3 create container failed validation: ';
    expect(await client.refusal(Containers.get, { id: 'x' })).toBe('9 namespace is required: failed precondition');
    expect(await client.refusal(Containers.get, { id: 'x' }, '')).toBe('9 namespace is required: failed precondition');
    expect(await client.refusal(Containers.list, { filters: [] }, 'a b')).toBe(`3 namespace validation: identifier "a b" ${mustMatch}`);
    expect(await client.refusal(Containers.get, { id: 'x' }, 'a'.repeat(77))).toBe(`3 namespace validation: identifier "${'a'.repeat(77)}" greater than maximum length (76 characters): invalid argument`);
    expect(await client.refusal(Containers.create, { container: undefined }, 'ns')).toBe(`${invalid}container.ID: identifier must not be empty: invalid argument`);
    expect(await creating({ id: '../x' })).toBe(`${invalid}container.ID: identifier "../x" ${mustMatch}`);
    expect(await creating({ extensions: new Map([['', spec]]) })).toBe(`${invalid}container.Extension keys must not be zero-length: invalid argument`);
    expect(await creating({ labels: tooBig })).toBe(`${invalid}containers.Labels: ${labelTooBig}`);
    expect(await creating({ runtime: undefined })).toBe(`${invalid}container.Runtime.Name must be set: invalid argument`);
    expect(await creating({ spec: undefined })).toBe(`${invalid}container.Spec must be set: invalid argument`);
    expect(await creating({ snapshot_key: 'k' })).toBe(`${invalid}container.Snapshotter must be set if container.SnapshotKey is set: invalid argument`);
    await create();
    expect(await creating({})).toBe('6 container "a1": already exists');
    expect(await client.refusal(Containers.get, { id: 'nx' }, 'ns')).toBe('5 container "nx" in namespace "ns": not found');
    expect(await client.refusal(Containers.update, { container: undefined, update_mask: undefined }, 'ns')).toBe('3 Container.ID required');
    expect(await updating({ id: 'nx' })).toBe('5 container "nx": not found');
    expect(await updating({ id: 'nx' }, undefined, 'nons')).toBe('5 cannot update container "nx" in namespace "nons": not found');
    expect(await updating({ snapshotter: 'z' })).toBe('3 container.Snapshotter field is immutable: invalid argument');
    expect(await updating({ runtime: runtime('z') })).toBe('3 container.Runtime.Name field is immutable: invalid argument');
    expect(await updating({}, ['snapshot_key'])).toBe('3 cannot update "snapshot_key" field on "a1": invalid argument');
    expect(await updating({ image: 'changed' }, ['image', 'foo'])).toBe('3 cannot update "foo" field on "a1": invalid argument');
    expect(await updating({ spec: undefined }, ['spec'])).toBe('3 update failed validation: container.Spec must be set: invalid argument');
    expect(await updating({ labels: tooBig }, ['labels'])).toBe(`3 update failed validation: containers.Labels: ${labelTooBig}`);
    expect(await updating({ snapshot_key: 'k' }, ['snapshotkey'])).toBe('3 update failed validation: container.Snapshotter must be set if container.SnapshotKey is set: invalid argument');
    expect(await client.refusal(Containers.list, { filters: ['id==a1', 'id=x'] }, 'ns')).toBe('3 filters: parse error: [id >|=|< x]: unsupported operator "=": invalid argument: invalid argument');
    await expect(client.all(Containers.listStream, { filters: ['id=x'] }, 'ns')).rejects.toMatchObject({ code: 3 });
    expect(await client.refusal(Containers.delete, { id: 'nx' }, 'ns')).toBe('5 container nx: not found');
    expect(await client.refusal(Containers.delete, { id: 'nx' }, 'nons')).toBe('5 cannot delete container "nx" in namespace "nons": not found');
    // What was refused has changed nothing.
    expect((await client.ask(Containers.get, { id: 'a1' }, 'ns')).container).toMatchObject({ image: '', spec });
  });

  test('every error of namespaces and leases has its code and text', async () => {
    const namespace = (name: string, labels = none) => ({ namespace: { name, labels } });
    const adding = (id: string, type: string, lease = 'l1') => client.refusal(Leases.addResource, { id: lease, resource: { id, type } }, 'ns');
    expect(await client.refusal(Namespaces.create, { namespace: undefined })).toBe('3 identifier must not be empty: invalid argument');
    expect(await client.refusal(Namespaces.create, namespace('a b'))).toBe(`3 identifier "a b" ${mustMatch}`);
    expect(await client.refusal(Namespaces.create, namespace('n9', tooBig))).toBe(`3 namespace.Labels: ${labelTooBig}`);
    await client.ask(Namespaces.create, namespace('n1'), 'ns');
    expect(await client.refusal(Namespaces.create, namespace('n1'))).toBe('6 namespace "n1": already exists');
    expect(await client.refusal(Namespaces.update, { ...namespace('n1'), update_mask: ['name'] })).toBe('3 cannot update "name" field');
    expect(await client.refusal(Namespaces.delete, { name: 'nx' })).toBe('5 namespace "nx": not found');
    await create();
    expect(await client.refusal(Namespaces.delete, { name: 'ns' })).toBe('9 namespace "ns" must be empty, but it still has containers: failed precondition');
    expect(await client.refusal(Leases.create, { id: 'l1', labels: none })).toBe('9 namespace is required: failed precondition');
    await client.ask(Leases.create, { id: 'l1', labels: none }, 'ns');
    expect(await client.refusal(Leases.create, { id: 'l1', labels: none }, 'ns')).toBe('6 lease "l1": already exists');
    expect(await client.refusal(Leases.delete, { id: 'zz', sync: true }, 'ns')).toBe('5 lease "zz": not found');
    expect(await client.refusal(Leases.listResources, { id: 'zz' }, 'ns')).toBe('5 lease "zz": not found');
    expect(await adding('k', 'foo', 'zz')).toBe('5 lease "zz": not found');
    expect(await adding('k', 'foo')).toBe('12 resource type foo not supported yet: not implemented');
    expect(await adding('x', 'content')).toBe('3 invalid content resource id x: invalid checksum digest format: invalid argument');
    expect(await adding('sha256:aa', 'content')).toBe('3 invalid content resource id sha256:aa: invalid checksum digest length: invalid argument');
    expect(await adding('sha9:aa', 'content')).toBe('3 invalid content resource id sha9:aa: unsupported digest algorithm: invalid argument');
    expect(await adding(sha, 'content/x')).toBe('3 invalid resource type content/x: invalid argument');
    expect(await adding('k', 'snapshots')).toBe('3 invalid snapshot resource type snapshots: invalid argument');
    expect(await adding('k', 'snapshots/a/b')).toBe('3 invalid snapshot resource type snapshots/a/b: invalid argument');
  });

  test('what was answered is there after SIGKILL, byte for byte', async () => {
    const bytes = fc.uint8Array({ maxLength: 64 }).map((value) => Buffer.from(value));
    const any = fc.record({ type_url: fc.string({ unit: 'binary', maxLength: 8 }), value: bytes });
    const text = fc.string({ unit: 'binary', maxLength: 12 });
    const labels = fc.dictionary(text, text.filter((value) => value !== ''), { maxKeys: 4 }).map((all) => new Map(Object.entries(all)));
    const record = fc.record({
      labels, image: text, spec: any, snapshotter: text.map((value) => `s${value}`), snapshot_key: text, sandbox: text,
      runtime: fc.record({ name: text.map((value) => `r${value}`), options: fc.option(any, { nil: undefined }) }),
      extensions: fc.array(fc.tuple(text.map((value) => `e${value}`), any), { maxLength: 3 }).map((pairs) => new Map(pairs)),
    });
    const made: Container[] = [];
    for (const [index, fields] of fc.sample(record, 60).entries()) {
      const { container: answered } = await create({ ...fields, id: `c${String(index)}` });
      expect(answered).toMatchObject({ ...fields, sandbox: fields.sandbox });
      if (answered !== undefined) made.push(answered);
    }
    await create({ id: 'empty', runtime: { name: 'r', options: { type_url: 'containerd.runc.v1.Options', value: Buffer.alloc(0) } } });
    await create({ id: 'absent', runtime: runtime('r') });
    await client.ask(Leases.create, { id: 'L 1/x', labels: new Map([['containerd.io/gc.expire', 'never']]) }, 'other');
    await client.ask(Leases.addResource, { id: 'L 1/x', resource: { id: sha, type: 'content' } }, 'other');
    await client.ask(Namespaces.create, { namespace: { name: 'labelled', labels: new Map([['__proto__', 'x']]) } });
    const { uuid } = await client.ask(Introspection.server, {});
    await host.restartDaemon('SIGKILL');
    reconnect();

    for (const one of made) expect((await client.ask(Containers.get, { id: one.id }, 'ns')).container).toEqual(one);
    const ids = [...made.map(({ id }) => id), 'absent', 'empty'].sort();
    expect((await client.ask(Containers.list, { filters: [] }, 'ns')).containers.map(({ id }) => id)).toEqual(ids);
    expect((await client.all(Containers.listStream, { filters: ['id==empty', 'id==absent'] }, 'ns')).map((one) => one.container?.runtime?.options?.type_url))
      .toEqual([undefined, 'containerd.runc.v1.Options']);
    expect((await client.ask(Leases.list, { filters: ['labels."containerd.io/gc.expire"'] }, 'other')).leases.map(({ id }) => id)).toEqual(['L 1/x']);
    expect((await client.ask(Leases.listResources, { id: 'L 1/x' }, 'other')).resources).toEqual([{ id: sha, type: 'content' }]);
    const { namespaces } = await client.ask(Namespaces.list, { filter: '' });
    expect(namespaces).toEqual([{ name: 'labelled', labels: new Map([['__proto__', 'x']]) }, { name: 'ns', labels: none }, { name: 'other', labels: none }]);
    expect((await client.ask(Introspection.server, {})).uuid).toBe(uuid);
    expect(readFileSync(join(host.directory, 'root', 'io.containerd.grpc.v1.introspection', 'uuid'), 'utf8')).toBe(uuid);
  });

  test('updates change what their mask names, and an empty label goes', async () => {
    await create({ labels: new Map([['a', 'b'], ['c', 'd'], ['e', '']]) });
    const update = async (fields: Partial<Container>, update_mask?: string[]) =>
      (await client.ask(Containers.update, { container: container(fields), update_mask }, 'ns')).container;
    expect((await update({ labels: new Map([['a', ''], ['new.dotted/key', 'v']]), image: 'no' }, ['labels.a', 'labels.new.dotted/key']))?.labels)
      .toEqual(new Map([['c', 'd'], ['new.dotted/key', 'v']]));
    const replaced = await update({ labels: new Map([['q', 'r']]), image: 'i' });
    expect(replaced).toMatchObject({ labels: new Map([['q', 'r']]), image: 'i' });
    expect(replaced?.updated_at).not.toEqual(replaced?.created_at);
    await client.ask(Namespaces.update, { namespace: { name: 'ns', labels: new Map([['x', 'y']]) }, update_mask: ['labels.x'] });
    expect((await client.ask(Namespaces.get, { name: 'ns' })).namespace).toEqual({ name: 'ns', labels: new Map([['x', 'y']]) });
    expect((await client.ask(Namespaces.get, { name: 'never made' })).namespace).toEqual({ name: 'never made', labels: none });
  });

  test('tell clients a version that they know, and what is there', async () => {
    expect((await client.ask(Version.version, {})).version).toBe('1.6.20');
    const { plugins } = await client.ask(Introspection.plugins, { filters: ['type==io.containerd.grpc.v1,id==containers'] });
    expect(plugins.map(({ type, id }) => `${type} ${id}`)).toEqual(['io.containerd.grpc.v1 containers']);
    expect((await client.ask(Introspection.plugins, { filters: ['id==restart'] })).plugins).toEqual([]);
    const unserved = { ...Namespaces.list, path: '/containerd.services.transfer.v1.Transfer/Transfer' };
    expect(await client.refusal(unserved, { filter: '' }, 'ns')).toMatch(/^12 /);
  });
});
