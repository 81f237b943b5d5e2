import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readCommandLine } from '../../../src/daemon/command-line';
import { parseConfig } from '../../../src/daemon/config-file';
import { helpText, versionText } from '../../../src/daemon/help';
import { GROUPS, optionNames, options } from '../../../src/daemon/settings';

const ROOT = join(__dirname, '../../..');

test('the help names every flag, by groups, within 80 columns', () => {
  const text = helpText();
  for (const group of GROUPS) expect(text).toContain(`\n${group}:\n`);
  for (const name of optionNames) expect(text).toMatch(new RegExp(`^ .*--${options[name].flag}( |$)`, 'm'));
  for (const flag of ['--config PATH', '-v, --version', '-h, --help', '-l, --listen', '-r, --runtime']) {
    expect(text).toContain(flag);
  }
  for (const line of text.split('\n')) {
    expect(line.length).toBeLessThanOrEqual(80);
    expect(line).toBe(line.trimEnd());
  }
});

test('the version names the API that clients look for', () => {
  expect(versionText('0.1.0')).toBe('holdfastd version 0.1.0 (containerd 0.2.9 API)');
});

test('docs/configuration.md has every flag with its default', () => {
  const text = readFileSync(join(ROOT, 'docs/configuration.md'), 'utf8');
  for (const name of optionNames) {
    const { flag, initial, shape } = options[name];
    const row = text.split('\n').find((line) => line.startsWith(`| \`${flag}\``));
    expect(row).toBeDefined();
    if (shape !== 'strings' && initial[0] !== '') expect(row).toContain(`\`${initial.join('')}\``);
  }
});

test('packaging/config.toml holds every setting, and what it holds is right', () => {
  const path = join(ROOT, 'packaging/config.toml');
  const asItIs = readCommandLine(['--config', path]);
  const defaults = readCommandLine(['--config=']);
  if (asItIs.kind !== 'run' || defaults.kind !== 'run') throw new Error('expected to run');
  expect(asItIs.settings).toEqual({ ...defaults.settings, configFile: path });

  const inForce = parseConfig(path, readFileSync(path, 'utf8').replace(/^#(?=[a-z-]+ = )/gm, ''));
  expect([...inForce.texts.keys()].sort()).toEqual([...optionNames].sort());
  expect([...inForce.runtimes.keys()]).toEqual(['docker-runc']);
  for (const [name, texts] of inForce.texts) expect(() => options[name].parse(texts)).not.toThrow();
});
