import { realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { startRecordsThread } from '../records/start-thread';
import { nativeProblem } from './native-problem';

/** What is only asked does not need the records. Where this errs, their thread is started for nothing, or a little later. */
const asking = /^(?:-h|--help|-v|--version|config)$/;

/**
 * Begins with the thread of the records, which takes as long to come up as all modules of the daemon take to load: that is
 * why they are loaded after it, and not by the `import` lines of this file.
 */
function main(): void {
  const args = process.argv.slice(2);
  const program = join(dirname(realpathSync(process.argv[1] ?? '')), 'holdfast-records');
  let thread = args.some((arg) => asking.test(arg)) ? undefined : start(program);
  import('./holdfastd').then(({ holdfastd }) => { holdfastd(args, () => (thread ??= start(program))); }, endWithoutNatives);
}

function start(program: string): Worker {
  return startRecordsThread(program).on('error', endWithoutNatives);
}

/** @throws an error that is another one */
function endWithoutNatives(error: unknown): void {
  const problem = nativeProblem(error);
  if (problem === undefined) throw error;
  process.stderr.write(`holdfastd: ${problem}\n`);
  process.exit(1);
}

main();
