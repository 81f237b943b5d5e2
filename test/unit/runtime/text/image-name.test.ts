import { imageNameOf } from '../../../../src/runtime/text/image-name';
import { fc } from '../../../support/property';

const digest = `sha256:${'0a'.repeat(32)}`;

describe('names of images', () => {
  test.each([
    ['busybox', 'docker.io/library/busybox:latest', 'busybox:latest'],
    ['busybox:1.36', 'docker.io/library/busybox:1.36', 'busybox:1.36'],
    ['me/tool', 'docker.io/me/tool:latest', 'me/tool:latest'],
    ['docker.io/busybox', 'docker.io/library/busybox:latest', 'busybox:latest'],
    ['example.org/a/b:c', 'example.org/a/b:c', 'example.org/a/b:c'],
    ['localhost/x', 'localhost/x:latest', 'localhost/x:latest'],
    ['localhost:5000/x:1', 'localhost:5000/x:1', 'localhost:5000/x:1'],
    [`busybox@${digest}`, `docker.io/library/busybox@${digest}`, `busybox@${digest}`],
    [`x/y:1@${digest}`, `docker.io/x/y:1@${digest}`, `x/y:1@${digest}`],
  ])('%s is %s', (text, full, short) => {
    expect(imageNameOf(text)).toMatchObject({ full, short });
    // Both lead to the same again.
    expect([imageNameOf(full)?.full, imageNameOf(short)?.full]).toEqual([full, full]);
  });

  test.each([
    ['busybox', { host: 'docker.io', repository: 'library/busybox', tag: 'latest', digest: '' }],
    ['localhost:5000/a/b:1', { host: 'localhost:5000', repository: 'a/b', tag: '1', digest: '' }],
    ['[::1]:5000/x', { host: '[::1]:5000', repository: 'x', tag: 'latest', digest: '' }],
    [`me/tool@${digest}`, { host: 'docker.io', repository: 'me/tool', tag: '', digest }],
    [`x.io/y:1@${digest}`, { host: 'x.io', repository: 'y', tag: '1', digest }],
  ])('%s is there', (text, parts) => {
    expect(imageNameOf(text)).toMatchObject(parts);
  });

  test.each(['', ' ', 'UPPER', 'a b', '/a', 'a/', 'a//b', 'a:', ':a', 'a@b', `a@${digest}@${digest}`, '../a', 'a/../b', '-a', 'a:b:c', 'example.org/', `${'a'.repeat(300)}`, 'a:..'])('%j is none', (text) => {
    expect(imageNameOf(text)).toBeUndefined();
  });

  test('whatever the text, its whole name is its own whole name', () => {
    fc.assert(fc.property(fc.string({ unit: fc.constantFrom('a', 'b', '.', '/', ':', '-', '_', '@', '1', 'A') }), (text) => {
      const name = imageNameOf(text);
      if (name !== undefined) expect(imageNameOf(name.full)).toEqual(name);
    }));
  });
});
