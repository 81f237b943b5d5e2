import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { within } from './deadline';

/** A file system that answers nothing, mounted on a directory: whoever touches what is below waits until it is closed. */
export class HangingFileSystem {
  private said = '';

  private constructor(
    readonly path: string,
    private readonly program: ChildProcess,
  ) {
    program.stdout?.on('data', (text: Buffer) => { this.said += text.toString(); });
  }

  /** Mounts it on the directory, which is made where it is not there. */
  static on(path: string): Promise<HangingFileSystem> {
    return HangingFileSystem.mount(path);
  }

  /** One in which there is a file that can be opened: only who reads it waits. */
  static withFile(path: string): Promise<HangingFileSystem> {
    return HangingFileSystem.mount(path, 'file');
  }

  private static async mount(path: string, ...more: readonly string[]): Promise<HangingFileSystem> {
    mkdirSync(path, { recursive: true });
    const program = spawn('python3', [join(__dirname, '../fixtures/hanging-file-system.py'), path, ...more], { stdio: ['pipe', 'pipe', 'inherit'] });
    const failed = once(program, 'exit').then(() => { throw new Error('no file system was mounted'); });
    failed.catch(() => undefined);
    const mounted = new HangingFileSystem(path, program);
    await Promise.race([mounted.untilSaid('ready'), failed]);
    return mounted;
  }

  /** Its file. */
  get file(): string {
    return join(this.path, 'file');
  }

  /** Resolves when somebody reads the file. */
  async untilRead(): Promise<void> {
    await within(this.untilSaid('read\n'), 'a read of the file that hangs');
  }

  /** Lets all who wait go, with an error, and undoes the mount. */
  async close(): Promise<void> {
    if (this.program.exitCode !== null) return;
    const ended = once(this.program, 'exit');
    this.program.stdin?.end();
    await ended;
    execFileSync('umount', ['-l', this.path]);
  }

  private async untilSaid(what: string): Promise<void> {
    const { stdout } = this.program;
    while (stdout !== null && !this.said.includes(what)) await once(stdout, 'data');
  }
}
