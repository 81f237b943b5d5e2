// What bin/holdfastd is: it runs the bundle beside it, and before that begins with the thread of the records, which takes as long to come up.
import { realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { startRecordsThread } from '../records/start-thread';
import { runCompiled } from '../sys/compiled-program';
import type * as Program from './holdfastd';
import { nativeProblem } from './native-problem';

/** What is only asked does not need the records. Where this errs, their thread is started for nothing, or a little later. */
const asking = /^(?:-h|--help|-v|--version|config)$/;

function main(): void {
  const args = process.argv.slice(2);
  const directory = dirname(realpathSync(process.argv[1] ?? ''));
  const start = (): Worker => startRecordsThread(join(directory, 'holdfast-records')).on('error', endWithoutNatives);
  let thread = args.some((arg) => asking.test(arg)) ? undefined : start();
  try {
    const { holdfastd } = runCompiled(join(directory, 'holdfastd'), require) as typeof Program;
    holdfastd(args, () => (thread ??= start()));
  } catch (error) {
    endWithoutNatives(error);
  }
}

/** @throws an error that is another one */
function endWithoutNatives(error: unknown): void {
  const problem = nativeProblem(error);
  if (problem === undefined) throw error;
  process.stderr.write(`holdfastd: ${problem}\n`);
  process.exit(1);
}

main();
