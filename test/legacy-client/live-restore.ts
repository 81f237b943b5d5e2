import { rmSync } from 'node:fs';

import { LegacyClient } from './client';
import type { LegacyClientOptions } from './client';
import { specOf } from './terminal-side';

const id = 'live-restore';

/** Counts on its standard output, a number for each line that it reads; ends with 3 at the end of its input. */
const counter = ['sh', '-c', 'n=0; while read line; do n=$((n+1)); echo "$n $line"; done; exit 3'];

/**
 * A client that is restarted twice: first while its container runs on, and once more while the container
 * ends, so that only the stored events can tell.
 *
 * @returns 0 where all went as it should
 */
export async function liveRestore(options: LegacyClientOptions, rootfs: string | undefined): Promise<number> {
  const first = new LegacyClient(options);
  await first.start();
  const { init } = await first.run(id, specOf(counter, false, rootfs), true);
  await init.stdin.write('before\n');
  say(`the container says: ${(await init.stdout.until('1 before')).trim()}`);
  await init.stdin.write('meanwhile\n');
  first.close();
  say('the client is gone, its FIFO ends closed, with a line on its way');

  const second = new LegacyClient(options);
  const found = await second.restore(id);
  if (!found.running) return complain(`ended meanwhile, with ${String(found.status)}`);
  await second.start();
  say('a new client finds it running');
  await found.container.init.stdin.write('after\n');
  say(`the container says: ${(await found.container.init.stdout.until('3 after')).trim().replaceAll('\n', ' / ')}`);
  const observerRoot = `${options.root}.observer`;
  const observer = new LegacyClient({ ...options, root: observerRoot });
  await observer.start();
  await second.closeStdin(id);
  second.close();
  say('the second client closes stdin and goes away at once');
  await observer.events.until((event) => event.id === id && event.type === 'exit', 'the exit');
  observer.close();
  rmSync(observerRoot, { recursive: true });

  const third = new LegacyClient(options);
  const last = third.believedAlive().includes(id) ? await third.restore(id) : undefined;
  third.close();
  // Where the exit came before the second client had gone, it was told of it itself, and removed the bundle.
  if (last === undefined) say('the second client has just seen the exit');
  else if (last.running) return complain('still running');
  else say(`a third client learns from the stored events: exit status ${String(last.status)}`);
  return last === undefined || last.status === 3 ? 0 : complain('it should have been 3');
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function complain(what: string): number {
  process.stderr.write(`live-restore: ${what}\n`);
  return 1;
}
