import { Proxies } from '../../../../src/images/registry/proxies';

const proxyOf = (environment: Readonly<Record<string, string>>, url = 'https://registry.test/v2/'): string | undefined => new Proxies(environment).of(new URL(url))?.href;

describe('the proxy of a server', () => {
  test.each([
    [{}, undefined],
    [{ HTTPS_PROXY: '' }, undefined],
    [{ HTTPS_PROXY: 'http://proxy.test:3128' }, 'http://proxy.test:3128/'],
    [{ https_proxy: 'https://proxy.test' }, 'https://proxy.test/'],
    [{ HTTPS_PROXY: 'proxy.test:3128' }, 'http://proxy.test:3128/'],
    [{ HTTPS_PROXY: ' 10.0.0.1:3128 ' }, 'http://10.0.0.1:3128/'],
    [{ HTTPS_PROXY: 'http://large.test', https_proxy: 'http://small.test' }, 'http://large.test/'],
    [{ HTTPS_PROXY: '', https_proxy: 'http://small.test' }, 'http://small.test/'],
    [{ HTTPS_PROXY: 'http://ann:word@proxy.test' }, 'http://ann:word@proxy.test/'],
    [{ HTTP_PROXY: 'http://proxy.test', ALL_PROXY: 'http://proxy.test' }, undefined],
  ])('%j: %s', (environment, proxy) => {
    expect(proxyOf(environment)).toBe(proxy);
  });

  test.each(['socks5://ann:secret@proxy.test', 'ftp://proxy.test', 'http://', 'http://[secret'])('%s is none, and is not repeated', (text) => {
    expect(() => proxyOf({ HTTPS_PROXY: text })).toThrow("the daemon's HTTPS_PROXY is not the address of a proxy, such as http://proxy.example:3128");
    expect(proxyOf({ HTTPS_PROXY: text }, 'https://localhost/')).toBeUndefined();
  });

  test.each([
    ['https://registry.test/', '*', false],
    ['https://registry.test/', 'registry.test', false],
    ['https://registry.test/', ' Other.test , REGISTRY.test ', false],
    ['https://a.registry.test/', 'registry.test', false],
    ['https://aregistry.test/', 'registry.test', true],
    ['https://registry.test/', '.registry.test', true],
    ['https://a.registry.test/', '.registry.test', false],
    ['https://a.registry.test/', '*.registry.test', false],
    ['https://registry.test/', '*.registry.test', true],
    ['https://registry.test/', 'registry.test:443', false],
    ['https://registry.test:8443/', 'registry.test:443', true],
    ['https://registry.test:8443/', 'registry.test:8443', false],
    ['https://10.1.2.3/', '10.0.0.0/8', false],
    ['https://11.1.2.3/', '10.0.0.0/8', true],
    ['https://10.1.2.3/', '10.1.2.3', false],
    ['https://10.1.2.3:8443/', '10.1.2.3:443', true],
    ['https://10.1.2.3/', '1.2.3', true],
    ['https://[fd00::1]/', 'fd00::/8', false],
    ['https://[fd00::1]/', 'fd00::1', false],
    ['https://[fd00::1]:8443/', '[fd00::1]:8443', false],
    ['https://[fe80::1]/', 'fd00::/8', true],
    ['https://registry.test/', '10.0.0.0/8,10.0.0.0/99,/8,:443,,', true],
    // This machine is not asked by way of another one.
    ['https://localhost:5000/', '', false],
    ['https://127.0.0.2/', '', false],
    ['https://[::1]/', '', false],
    ['http://registry.test/', '', false],
  ])('%s with NO_PROXY=%s: %s', (url, exceptions, isProxied) => {
    expect(proxyOf({ HTTPS_PROXY: 'http://proxy.test', NO_PROXY: exceptions }, url) !== undefined).toBe(isProxied);
    expect(proxyOf({ HTTPS_PROXY: 'http://proxy.test', no_proxy: exceptions }, url) !== undefined).toBe(isProxied);
  });
});
