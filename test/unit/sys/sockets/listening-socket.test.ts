import { closeSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openListening } from '../../../../src/sys/sockets/listening-socket';
import { Scratch } from '../resources';

const nobody = 65_534;
/** Puts a link in the socket's place as soon as it is there, again and again. */
const SWAP = `
import os, stat, sys
path, victim = sys.argv[1:]
print('ready', flush=True)
while True:
    try:
        if stat.S_ISSOCK(os.lstat(path).st_mode):
            os.unlink(path)
            os.symlink(victim, path)
    except (FileNotFoundError, FileExistsError):
        pass
`;

describe('a unix socket that is made for somebody', () => {
  let scratch: Scratch;
  beforeEach(() => { scratch = new Scratch(); });
  afterEach(() => { scratch.remove(); });

  const place = (path: string): Parameters<typeof openListening>[0] => ({ is: 'unix', path, mode: 0o640, uid: nobody, gid: nobody });

  test('is his, with its mode', () => {
    const path = scratch.file('own.sock');
    closeSync(openListening(place(path)));
    const { mode, uid, gid } = statSync(path);
    expect({ mode: mode & 0o7777, uid, gid }).toEqual({ mode: 0o640, uid: nobody, gid: nobody });
  });

  test('costs nobody else a file, whatever he puts in its place meanwhile', async () => {
    const path = scratch.file('raced.sock');
    const victim = scratch.file('victim');
    writeFileSync(victim, '', { mode: 0o600 });
    const swapper = spawn('python3', ['-c', SWAP, path, victim], { stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = once(swapper, 'exit');
    try {
      await once(swapper.stdout, 'data');
      // Of those many some meet the moment between two calls.
      for (let round = 0; round < 2000; round += 1) {
        try {
          closeSync(openListening(place(path)));
        } catch {
          // There is a link, or nothing any more.
        }
        rmSync(path, { force: true });
      }
      const { mode, uid } = statSync(victim);
      expect({ mode: mode & 0o7777, uid }).toEqual({ mode: 0o600, uid: 0 });
    } finally {
      swapper.kill('SIGKILL');
      await ended;
    }
  });
});
