import { shortLowerDirectories } from '../../../../src/runtime/foreign/lower-directories';

const many = (path: (at: number) => string): string => Array.from({ length: 100 }, (_, at) => path(at)).join(':');

test('what the kernel takes stays as it is', () => {
  const data = 'workdir=/w,upperdir=/u,lowerdir=/s/1/fs:/s/2/fs';
  expect(shortLowerDirectories(data)).toEqual({ data, directory: undefined });
});

test('lower directories are told from the one above all of them', () => {
  const data = `index=off,workdir=/root/w,upperdir=/root/u,lowerdir=${many((at) => `/var/lib/holdfast/images/overlayfs/snapshots/${String(at)}/fs`)},userxattr`;
  expect(shortLowerDirectories(data)).toEqual({
    data: `index=off,workdir=/root/w,upperdir=/root/u,lowerdir=${many((at) => `${String(at)}/fs`)},userxattr`,
    directory: '/var/lib/holdfast/images/overlayfs/snapshots',
  });
});

test('a name that begins like the others is no directory of theirs', () => {
  const data = `lowerdir=/${'long'.repeat(1000)}/snapshots/1/fs:/${'long'.repeat(1000)}/snapshots-more/2/fs`;
  expect(shortLowerDirectories(data)).toEqual({ data: 'lowerdir=snapshots/1/fs:snapshots-more/2/fs', directory: `/${'long'.repeat(1000)}` });
});

test.each([
  ['with nothing above them but the root', many((at) => `/${String(at)}${'x'.repeat(60)}`)],
  ['of relative paths', many((at) => `snapshots/${String(at)}${'x'.repeat(60)}`)],
  ['below a name that is escaped', many((at) => `/a\\:b/${String(at)}${'x'.repeat(60)}`)],
])('those %s stay as they are', (_, lower) => {
  const data = `lowerdir=${lower}`;
  expect(shortLowerDirectories(data)).toEqual({ data, directory: undefined });
});
