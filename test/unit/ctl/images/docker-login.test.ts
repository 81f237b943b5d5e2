import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dockerLogin } from '../../../../src/ctl/images/docker-login';

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const nothing = { username: '', password: '', identity_token: '', registry_token: '' };

describe("docker's logins", () => {
  let directory: string;
  beforeEach(() => { directory = mkdtempSync(join(tmpdir(), 'holdfast-login-')); });
  afterEach(() => { rmSync(directory, { recursive: true }); });

  const of = (host: string, config: unknown) => {
    writeFileSync(join(directory, 'config.json'), typeof config === 'string' ? config : JSON.stringify(config));
    return dockerLogin(host, { DOCKER_CONFIG: directory });
  };
  const auth = base64('ann:pass:word');
  const ann = { ...nothing, username: 'ann', password: 'pass:word' };

  test.each([
    ['x.org', { auths: { 'x.org': { auth } } }, ann],
    ['x.org:5000', { auths: { 'x.org': { auth: base64('b:c') }, 'https://x.org:5000/v1/': { auth } } }, ann],
    ['x.org', { auths: { 'x.org:5000': { auth } } }, undefined],
    ['x.org', { auths: { 'x.org.evil.example': { auth }, 'https://evil.example/x.org': { auth } } }, undefined],
    ['docker.io', { auths: { 'https://index.docker.io/v1/': { auth } } }, ann],
    ['docker.io', { auths: { 'docker.io': { auth } } }, ann],
    ['x.org', { auths: { 'https://index.docker.io/v1/': { auth } } }, undefined],
    ['x.org', { auths: { 'x.org': { username: 'ann', password: 'pass:word' } } }, ann],
    ['x.org', { auths: { 'x.org': { auth: base64('ann:'), identitytoken: 'token' } } }, { ...nothing, username: 'ann', identity_token: 'token' }],
    ['x.org', { auths: { 'x.org': { registrytoken: 'token' } } }, { ...nothing, registry_token: 'token' }],
    // What docker writes beside its helper.
    ['x.org', { auths: { 'x.org': {} } }, undefined],
    ['x.org', { auths: [], other: 1 }, undefined],
    ['x.org', '[]', undefined],
  ])('of %s in %j', async (host, config, login) => {
    expect(await of(host, config)).toEqual(login);
  });

  test.each([
    ['{"auths": secret', 'it is no JSON'],
    [{ auths: { 'x.org': { auth: base64('secret') } } }, 'auths: x.org: auth has no name and password'],
    [{ credsStore: '../secret' }, 'is no name of a credential helper'],
    [{ credHelpers: { 'x.org': 'none-of-this-name' } }, 'docker-credential-none-of-this-name, which '],
  ])('what is wrong in %j is said', async (config, words) => {
    await expect(of('x.org', config)).rejects.toThrow(words);
  });

  test('no word of a damaged file is repeated', async () => {
    await expect(of('x.org', '{"auths": secret')).rejects.not.toThrow('secret');
  });

  test('without a file there is none, and home is where it is looked for', async () => {
    expect(await dockerLogin('x.org', { DOCKER_CONFIG: join(directory, 'none') })).toBeUndefined();
    expect(await dockerLogin('x.org', { HOME: directory })).toBeUndefined();
  });
});
