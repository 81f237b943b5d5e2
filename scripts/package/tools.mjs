// Compilers and the like of an architecture: this machine's own, or Debian's for another one.
import { execFileSync } from 'node:child_process';

const prefixes = { x64: 'x86_64-linux-gnu-', arm64: 'aarch64-linux-gnu-' };

/** @returns what node-gyp's Makefiles are told of compilers, and the strip(1) that knows its files. @throws where they are not installed */
export function toolsFor(arch) {
  if (arch === process.arch) return { compilers: {}, strip: 'strip' };
  const prefix = prefixes[arch];
  const [cc, cxx, ar, strip] = ['gcc', 'g++', 'ar', 'strip'].map((tool) => `${prefix}${tool}`);
  for (const tool of [cc, cxx, ar, strip]) {
    try {
      execFileSync(tool, ['--version'], { stdio: 'ignore' });
    } catch {
      throw new Error(`to build for ${arch}, ${tool} is needed: apt-get install g++-${prefix.slice(0, -1)}`);
    }
  }
  return { compilers: { CC: cc, CXX: cxx, LINK: cxx, AR: ar }, strip };
}
