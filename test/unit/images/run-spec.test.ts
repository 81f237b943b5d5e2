import type { ImageConfig } from '../../../src/images/library/formats';
import { runSpec, stopSignalOf } from '../../../src/images/library/run-spec';

const image: ImageConfig = {
  architecture: 'amd64', diffIds: [], entrypoint: ['/entry', '-x'], cmd: ['serve'], env: ['PATH=/bin', 'A=image', 'B=image'], user: 'ann', workingDir: '/work', volumes: ['/data', '/cache'], stopSignal: 'SIGQUIT',
};
const files = { passwd: 'root:x:0:0::/root:/bin/sh\nann:x:1000:1001::/home/ann:/bin/ash\n', group: 'root:x:0:\nann:x:1001:\nmore:x:1002:ann,bob\n' };
const asked = (process: object = {}, more: object = {}) => ({ process: { args: [], env: [], cwd: '', user: { uid: 0, gid: 0 }, ...process }, root: { path: 'rootfs', readonly: false }, mounts: [{ destination: '/proc' }], ...more });
const specOf = (config: Partial<ImageConfig> = {}, spec: Readonly<Record<string, unknown>> = asked(), user = '', entrypoint = '') =>
  runSpec({ ...image, ...config }, files, { spec, user, entrypoint }) as { process: { args: string[]; env: string[]; cwd: string; user: object }; mounts: { destination: string }[]; root: object };

describe('the spec of a container of an image', () => {
  test('is what the image says', () => {
    const { process, root } = specOf();
    expect(process).toMatchObject({ args: ['/entry', '-x', 'serve'], cwd: '/work', user: { uid: 1000, gid: 1001, additionalGids: [1002] } });
    expect(process.env).toEqual(['PATH=/bin', 'HOME=/home/ann', 'USER=ann', 'LOGNAME=ann', 'SHELL=/bin/ash', 'A=image', 'B=image']);
    expect(root).toEqual({ path: 'rootfs', readonly: false });
    expect(stopSignalOf(image)).toBe(3);
  });

  test('but for what is asked for', () => {
    const { process } = specOf({}, asked({ args: ['other'], env: ['B=asked', 'C=asked'], cwd: '/tmp' }), '7:more');
    expect(process).toMatchObject({ args: ['/entry', '-x', 'other'], cwd: '/tmp', user: { uid: 7, gid: 1002 } });
    expect(process.env).toEqual(['PATH=/bin', 'A=image', 'B=asked', 'C=asked']);
    expect(specOf({}, asked(), '', '/bin/sh').process.args).toEqual(['/bin/sh']);
    expect(specOf({}, asked({ args: ['-c', 'x'] }), '', '/bin/sh').process.args).toEqual(['/bin/sh', '-c', 'x']);
    expect(specOf({ stopSignal: '' }).process.args).toEqual(['/entry', '-x', 'serve']);
    expect(stopSignalOf({ ...image, stopSignal: '' })).toBe(0);
  });

  test('has its volumes in memory where its root cannot be written, but for those that are mounted', () => {
    const spec = asked({}, { root: { path: 'rootfs', readonly: true }, mounts: [{ destination: '/data' }] });
    expect(specOf({}, spec).mounts.map(({ destination }) => destination)).toEqual(['/data', '/cache']);
    expect(specOf().mounts.map(({ destination }) => destination)).toEqual(['/proc']);
  });

  test('is refused without a command, and for users that the image does not know', () => {
    expect(() => specOf({ entrypoint: [], cmd: [] })).toThrow('the image says no command, and none is given');
    expect(() => specOf({}, asked(), 'bob')).toThrow('there is no user bob in the image');
    for (const id of ['', 'x', '-1', '0x0', '4294967295', '99999999999']) {
      expect(() => runSpec(image, { passwd: `ann:x:${id}:0::/:/bin/sh\n`, group: '' }, { spec: asked(), user: 'ann', entrypoint: '' })).toThrow('there is no user ann in the image');
    }
    expect(() => specOf({}, asked(), '99999999999')).toThrow('there is no user 99999999999');
    expect(() => specOf({}, asked(), 'ann:none')).toThrow('there is no group none in the image');
  });
});
