import { endpointsOf, followed, isMirrorOrigin } from '../../../../src/images/registry/endpoint';

describe('where registries are', () => {
  test.each([
    ['docker.io', 'https://registry-1.docker.io'],
    ['example.org:5000', 'https://example.org:5000'],
    ['localhost', 'http://localhost'],
    ['localhost:5000', 'http://localhost:5000'],
    ['127.0.0.2:5000', 'http://127.0.0.2:5000'],
    ['[::1]:5000', 'http://[::1]:5000'],
    // Names that only look like this machine's.
    ['127.example.org', 'https://127.example.org'],
    ['localhost.example.org', 'https://localhost.example.org'],
    ['10.0.0.1:5000', 'https://10.0.0.1:5000'],
  ])('%s is asked at %s', (host, origin) => {
    expect(endpointsOf(host, new Map())).toEqual([{ origin, isMirror: false }]);
  });

  test('mirrors of the host come first, in their order', () => {
    const mirrors = new Map([['docker.io', ['https://a.example/', 'http://localhost:1']], ['x.org', ['https://b.example']]]);
    expect(endpointsOf('docker.io', mirrors)).toEqual([{ origin: 'https://a.example', isMirror: true }, { origin: 'http://localhost:1', isMirror: true }, { origin: 'https://registry-1.docker.io', isMirror: false }]);
  });

  test.each([
    ['https://a.example', true],
    ['https://a.example:8443/', true],
    ['http://localhost:5000', true],
    ['http://a.example', false],
    ['https://a.example/path', false],
    ['https://name:word@a.example', false],
    ['ftp://a.example', false],
    ['a.example', false],
  ])('a mirror at %s: %s', (text, isOne) => {
    expect(isMirrorOrigin(text)).toBe(isOne);
  });

  const secure = new URL('https://a.example/v2/x/blobs/y');
  const own = new URL('http://localhost:5000/v2/x/blobs/y');
  test.each([
    [secure, 'https://cdn.example/y?signature=secret', 'https://cdn.example/y?signature=secret'],
    [secure, '/elsewhere', 'https://a.example/elsewhere'],
    [own, 'http://127.0.0.1:1/y', 'http://127.0.0.1:1/y'],
    [own, 'https://cdn.example/y', 'https://cdn.example/y'],
  ])('from %s to %s', (from, to, url) => {
    expect(followed(from, to, 'a redirection').href).toBe(url);
  });

  test.each([
    [secure, 'http://cdn.example/y?signature=secret', 'leads to http://cdn.example, which is not encrypted'],
    [secure, 'http://localhost/y', 'leads to http://localhost, which is not encrypted'],
    [own, 'http://cdn.example/y', 'leads to http://cdn.example, which is not encrypted'],
    [secure, 'file:///etc/shadow', 'is no address of HTTP'],
    [secure, 'https://[', 'is no address of HTTP'],
    [secure, 'https://name:secret@cdn.example/', 'has a name or password in it'],
  ])('not from %s to %s', (from, to, words) => {
    expect(() => followed(from, to, 'a redirection')).toThrow(words);
    expect(() => followed(from, to, 'a redirection')).not.toThrow('secret');
  });
});
