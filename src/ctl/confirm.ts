import { createInterface } from 'node:readline/promises';
import { exitStatus } from './exit-status';
import type { Tool } from './tool';

/** Asks on a terminal what takes much away; `--yes` answers it, and nothing is asked anywhere else. Ctrl-C is no, and 130; Ctrl-D is no. */
export async function confirmed({ io, finish }: Tool, { yes }: { readonly yes?: boolean }, question: string): Promise<boolean> {
  if (yes === true || io.stdin.isTTY !== true || io.stdout.isTTY !== true) return true;
  const lines = createInterface({ input: io.stdin, output: io.stdout });
  try {
    const answer = await new Promise<string | undefined>((resolve) => {
      lines.once('SIGINT', () => { resolve(undefined); });
      // After a line nobody looks at it any more.
      lines.once('close', () => { resolve(''); });
      lines.question(`${question} y/N? `).then(resolve, () => undefined);
    });
    if (answer === undefined) finish(exitStatus.interrupted);
    if (answer === undefined || answer === '') io.stdout.write('\n');
    return /^y(es)?$/i.test(answer?.trim() ?? '');
  } finally {
    lines.close();
  }
}
