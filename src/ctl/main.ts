import { processIo } from './process-io';
import { run } from './run';

// What was written is out by now: Node writes to files, pipes and terminals synchronously. An open
// stdin, which an attached process leaves behind, would otherwise keep this one alive.
void run(process.argv.slice(2), processIo()).then((status) => process.exit(status));
