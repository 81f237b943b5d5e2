// What bin/holdfastctl is as `__names`: completions ask for it, at each Tab. A bundle of its own, as all that other verbs need would take longer than this does.
import { writeSync } from 'node:fs';
import { namesFor } from './completion-names';

void namesFor(process.argv.slice(2), process.env)
  .then((names) => names.map((name) => `${name}\n`).join(''), () => '')
  .then((text) => {
    try {
      writeSync(1, text);
    } catch {
      // A completion that says why it has nothing to offer is in the way.
    }
    process.exit(0);
  });
