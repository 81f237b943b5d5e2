import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

/** A file system that answers nothing, mounted on a directory: whoever touches what is below waits until it is closed. */
export class HangingFileSystem {
  private constructor(
    readonly path: string,
    private readonly program: ChildProcess,
  ) {}

  /** Mounts it on the directory, which is made where it is not there. */
  static async on(path: string): Promise<HangingFileSystem> {
    mkdirSync(path, { recursive: true });
    const program = spawn('python3', [join(__dirname, '../fixtures/hanging-file-system.py'), path], { stdio: ['pipe', 'pipe', 'inherit'] });
    const failed = once(program, 'exit').then(() => { throw new Error('no file system was mounted'); });
    failed.catch(() => undefined);
    await Promise.race([once(program.stdout, 'data'), failed]);
    return new HangingFileSystem(path, program);
  }

  /** Lets all who wait go, with an error, and undoes the mount. */
  async close(): Promise<void> {
    if (this.program.exitCode !== null) return;
    const ended = once(this.program, 'exit');
    this.program.stdin?.end();
    await ended;
    execFileSync('umount', ['-l', this.path]);
  }
}
