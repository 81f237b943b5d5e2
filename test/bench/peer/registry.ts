import { closeSync, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Child, ChildReaper } from '../../../src/sys/process/children';

const program = '/usr/bin/docker-registry';
const listening = /listening on 127\.0\.0\.1:(\d+)/;

/** Debian's docker-registry on a port of the loopback. */
export class Registry {
  private constructor(private readonly child: Child, readonly at: string) {}

  /** Starts it and waits until it serves. @param directory its files' */
  static async start(reaper: ChildReaper, directory: string): Promise<Registry> {
    if (!existsSync(program)) throw new Error(`there is no ${program}: run scripts/setup-real`);
    const [config, log] = [join(directory, 'registry.json'), join(directory, 'registry.log')];
    writeFileSync(config, JSON.stringify({ version: 0.1, storage: { filesystem: { rootdirectory: join(directory, 'registry') } }, http: { addr: '127.0.0.1:0' } }));
    const fd = openSync(log, 'w');
    const child = reaper.spawn({ file: program, args: ['serve', config], stdout: fd, stderr: fd, session: true });
    closeSync(fd);
    let isOver = false;
    void child.exited.then(() => (isOver = true));
    for (;;) {
      const [, port] = listening.exec(readFileSync(log, 'utf8')) ?? [];
      if (port !== undefined) return new Registry(child, `localhost:${port}`);
      if (isOver) throw new Error(`docker-registry does not start: ${readFileSync(log, 'utf8')}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async stop(): Promise<void> {
    this.child.kill(15);
    await this.child.exited;
  }
}
