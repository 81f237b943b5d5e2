// Times `docker run --rm busybox true` on two dockerds 20.10, on ours and on Debian's containerd, in turns, and prints the rounds as JSON. A
// program of its own: it starts its children by node:child_process, which cannot be beside a reaper.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { DockerSide } from '../../real/support/docker-side';
import { type Round, interleave, repeat, timed } from '../figure';

const [rounds = '4', perRound = '3'] = process.argv.slice(2);

async function main(): Promise<readonly Round[]> {
  const ours = new DockerSide('holdfast');
  const theirs = new DockerSide('debian');
  try {
    for (const side of [ours, theirs]) await side.start();
    const runs = (side: DockerSide) => (): Promise<number[]> => repeat(Number(perRound), () => timed(async () => {
      const { code, stderr } = await side.quietly({}, 'run', '--rm', 'busybox', 'true');
      if (code !== 0) throw new Error(`docker run on ${side.name}'s: ${stderr}`);
    }));
    for (const side of [ours, theirs]) await runs(side)();
    return await interleave(Number(rounds), runs(ours), runs(theirs));
  } finally {
    for (const side of [ours, theirs]) await side.place.cleanUp();
  }
}

// Where the image is made.
const directory = mkdtempSync(join(tmpdir(), 'holdfast-bench-'));
process.env['HOLDFAST_TEST_RUN_DIR'] = directory;
main()
  .finally(() => { rmSync(directory, { recursive: true, force: true }); })
  .then(
    (taken) => { process.stdout.write(JSON.stringify(taken)); },
    (error: unknown) => {
      process.stderr.write(`docker-run: ${String(error)}\n`);
      process.exitCode = 1;
    },
  );
