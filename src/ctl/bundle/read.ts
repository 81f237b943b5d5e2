import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CtlError } from '../errors';
import { messageOf } from '../../sys/thrown';

/**
 * Whether the bundle's process wants a terminal: decides how many FIFOs it gets. Throws CtlError
 * `bad-bundle` where there is no readable config.json; what is wrong in it is for the daemon to say.
 */
export function readTerminal(bundlePath: string): boolean {
  const file = join(bundlePath, 'config.json');
  let config: unknown;
  try {
    config = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new CtlError('bad-bundle', `cannot read ${file}: ${messageOf(cause)}`, {
      cause,
      hint: `"holdfastctl bundle ${bundlePath} -- <command>" writes one.`,
    });
  }
  return terminalOf(config);
}

/** Whether the process of an OCI spec wants a terminal. */
export function terminalOf(config: unknown): boolean {
  return memberOf(memberOf(config, 'process'), 'terminal') === true;
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
