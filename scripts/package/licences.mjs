import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nameAndVersion, packageDirectories } from './parts.mjs';

const line = `\n${'-'.repeat(100)}\n\n`;

/** One file with the licence of everything that is in a package: Holdfast, Node, and each npm package that it runs with. @throws where one has none */
export function writeLicences({ packages, nodeHome, file }) {
  const parts = [`Holdfast\n\n${readFileSync('LICENSE', 'utf8')}`, `Node.js\n\n${readFileSync(join(nodeHome, 'LICENSE'), 'utf8')}`];
  for (const directory of packageDirectories(packages)) {
    const { name, version, license } = nameAndVersion(directory);
    const texts = readdirSync(directory).filter((one) => /^(licen[cs]e|copying|notice)/i.test(one)).sort();
    if (texts.length === 0 && license === undefined) throw new Error(`${name} ${version} names no licence`);
    const words = texts.map((one) => readFileSync(join(directory, one), 'utf8')).join('\n');
    parts.push(`${name} ${version} (${license})\n\n${words}`);
  }
  writeFileSync(file, parts.join(line));
}
