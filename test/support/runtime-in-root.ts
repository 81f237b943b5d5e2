import { chmodSync, writeFileSync } from 'node:fs';

import type { TestHost } from './test-host';

/**
 * Writes a runtime program that is runc with the test's own root for its state: for clients that name a
 * runtime and give it no arguments.
 *
 * @returns its path
 */
export function writeRuntimeInRoot(host: TestHost, name = 'runtime-in-root'): string {
  const path = host.own(name);
  writeFileSync(path, `#!/bin/sh\nexec runc --root '${host.runtimeRoot}' "$@"\n`);
  chmodSync(path, 0o755);
  return path;
}
