import { once } from 'node:events';
import { createWriteStream, renameSync, rmSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { messageOf } from '../../../sys/thrown';
import type { DaemonClient } from '../../daemon/daemon-client';
import { CtlError } from '../../errors';
import type { Tool } from '../../tool';
import type { Verb } from '../../verb';

interface SaveOptions {
  readonly output?: string;
}

export function defineSave(program: Verb, tool: Tool): void {
  program
    .verb('save', { group: 'Images', summary: 'writes images as an archive that load, docker load and ctr images import read', example: 'save -o busybox.tar busybox' })
    .argument('<names...>', 'names of images')
    .option('-o, --output <file>', 'to this file; it is there once it is whole (default: stdout)')
    .action((names: string[], options: SaveOptions) => save(tool, names, options));
}

async function save(tool: Tool, names: readonly string[], { output }: SaveOptions): Promise<void> {
  if (output === undefined && tool.io.stdout.isTTY === true) throw new CtlError('invalid-argument', 'stdout is a terminal', { hint: 'Write to a file: -o FILE' });
  const daemon = await tool.connect();
  if (output === undefined) await writeAll(daemon, names, tool.io.stdout);
  else await saveTo(daemon, names, output);
}

/** @throws CtlError: then there is no such file, or the one of before */
async function saveTo(daemon: DaemonClient, names: readonly string[], path: string): Promise<void> {
  const other = `${path}.${String(process.pid)}`;
  const file = createWriteStream(other, { flags: 'wx', mode: 0o644 });
  try {
    const failed = once(file, 'error').then(([error]) => { throw new CtlError('local', messageOf(error), { cause: error }); });
    failed.catch(() => undefined);
    await Promise.race([writeAll(daemon, names, file).then(() => new Promise<void>((resolve) => { file.end(resolve); })), failed]);
    renameSync(other, path);
  } catch (error) {
    file.destroy();
    rmSync(other, { force: true });
    throw error;
  }
}

async function writeAll(daemon: DaemonClient, names: readonly string[], to: Writable): Promise<void> {
  for await (const { data } of daemon.images.save(names)) if (!to.write(data)) await once(to, 'drain');
}
