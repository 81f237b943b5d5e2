import { realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { startRecordsThread } from '../records/start-thread';

/** What is only asked does not need the records. Where this errs, their thread is started for nothing, or a little later. */
const asking = /^(?:-h|--help|-v|--version|config)$/;

/**
 * Begins with the thread of the records, which takes as long to come up as all modules of the daemon take to load: that is
 * why they are loaded after it, and not by the `import` lines of this file.
 */
function main(): void {
  const args = process.argv.slice(2);
  const program = join(dirname(realpathSync(process.argv[1] ?? '')), 'holdfast-records');
  let thread = args.some((arg) => asking.test(arg)) ? undefined : startRecordsThread(program);
  // A mistake in loading them ends the process, as it does for the modules that are imported.
  void import('./holdfastd').then(({ holdfastd }) => { holdfastd(args, () => (thread ??= startRecordsThread(program))); });
}

main();
