import { createInterface } from 'node:readline/promises';
import type { Tool } from './tool';

/** Asks on a terminal what takes much away; `--yes` answers it, and nothing is asked anywhere else. */
export async function confirmed({ io }: Tool, { yes }: { readonly yes?: boolean }, question: string): Promise<boolean> {
  if (yes === true || io.stdin.isTTY !== true || io.stdout.isTTY !== true) return true;
  const lines = createInterface({ input: io.stdin, output: io.stdout });
  try {
    return /^y(es)?$/i.test((await lines.question(`${question} y/N? `)).trim());
  } finally {
    lines.close();
  }
}
