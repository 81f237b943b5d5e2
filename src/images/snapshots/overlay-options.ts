import { existsSync, readFileSync } from 'node:fs';
import type { OverlayOptions } from './layout';

/** What this host's kernel says: files of proc and sysfs, which wait for no disk. */
export function overlayOptionsHere(): OverlayOptions {
  return { hasIndex: existsSync('/sys/module/overlay/parameters/index'), isInUserNamespace: isInUserNamespace() };
}

/** The first has all numbers as they are: user_namespaces(7). */
function isInUserNamespace(): boolean {
  try {
    return !/^\s*0\s+0\s+4294967295\s*$/.test(readFileSync('/proc/self/uid_map', 'latin1'));
  } catch {
    return false;
  }
}
