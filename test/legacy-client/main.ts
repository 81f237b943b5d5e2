// A client like an old dockerd's, by hand: `legacy-client --help`.
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

import type { Event } from '../../src/api/gen/legacy/api';
import { lineOf } from '../support/event-log-reader';
import { Backend } from './backend';
import { LegacyClient } from './client';
import { liveRestore } from './live-restore';
import { attach, specOf } from './terminal-side';

const usage = `usage: legacy-client [flags] <command>

  run <id> -- <command…>          start a container, attached; its exit status is passed on
  exec <id> <name> -- <command…>  run another process in a container that runs
  pause <id>, resume <id>         until the event has come
  kill <id> [signal]              default: 9
  events                          follow the events, from the last one seen
  watch                           health every 500 ms; with --start, kill and start the daemon after 3 failures
  live-restore                    a demonstration: a client that goes away and comes back, twice

  --socket <path>   default: <root>/docker-containerd.sock
  --root <dir>      the client's own directory (dockerd: <exec-root>/libcontainerd)
  --rootfs <dir>    the container's root file system; default: one made of busybox
  --runtime <name>  default: docker-runc
  --start           start the daemon, as dockerd does, and stop it at the end
  --daemon <path>   that program; default: docker-containerd on PATH
  -i, -t            keep stdin open; with a terminal
`;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      socket: { type: 'string' },
      root: { type: 'string', default: '/tmp/legacy-client' },
      rootfs: { type: 'string' },
      runtime: { type: 'string' },
      start: { type: 'boolean', default: false },
      daemon: { type: 'string' },
      interactive: { type: 'boolean', short: 'i', default: false },
      tty: { type: 'boolean', short: 't', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const [command, ...args] = positionals;
  if (values.help || command === undefined) {
    process.stdout.write(usage);
    return values.help ? 0 : 2;
  }
  const root = resolve(values.root);
  const backend = values.start
    ? new Backend({ root, ...(values.daemon === undefined ? {} : { program: resolve(values.daemon) }) })
    : undefined;
  const options = {
    root,
    socketPath: values.socket ?? join(root, 'docker-containerd.sock'),
    ...(values.runtime === undefined ? {} : { runtime: values.runtime }),
    ...(backend === undefined ? {} : { backend }),
    ...(['events', 'watch'].includes(command) ? { onEvent: print } : {}),
  };
  const client = new LegacyClient(options);
  try {
    switch (command) {
      case 'run': {
        const [id = '', ...processArgs] = args;
        await client.start();
        const container = await client.run(id, specOf(processArgs, values.tty, values.rootfs), values.interactive);
        return await attach(client, id, container.init, values.interactive);
      }
      case 'exec': {
        const [id = '', name = '', ...processArgs] = args;
        await client.startBackend();
        await client.restore(id);
        await client.start();
        const env = ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'];
        const exec = await client.exec(id, name, { args: processArgs, env, terminal: values.tty }, values.interactive);
        return await attach(client, id, exec, values.interactive);
      }
      case 'pause':
      case 'resume': {
        const [id = ''] = args;
        await client.start();
        await client[command](id);
        return 0;
      }
      case 'kill': {
        const [id = '', signal = '9'] = args;
        await client.startBackend();
        await client.signal(id, Number(signal));
        return 0;
      }
      case 'events':
      case 'watch':
        await client.start();
        await follow(client, command === 'watch');
        return 0;
      case 'live-restore':
        await client.startBackend();
        client.close();
        return await liveRestore(options, values.rootfs);
      default:
        process.stderr.write(usage);
        return 2;
    }
  } finally {
    client.close();
    await backend?.stop();
  }
}

/** Lets {@link print} run until SIGINT; with `health`, also shows each change in the count of failures. */
async function follow(client: LegacyClient, health: boolean): Promise<void> {
  let failures = 0;
  const timer = setInterval(() => {
    if (!health || client.health.failures === failures) return;
    failures = client.health.failures;
    process.stdout.write(`health: ${String(failures)} failures\n`);
  }, 100);
  await new Promise<void>((interrupted) => {
    process.once('SIGINT', interrupted);
  });
  clearInterval(timer);
}

function print(event: Event): void {
  process.stdout.write(`${timeOf(event)} ${event.id} ${lineOf(event)}\n`);
}

function timeOf({ timestamp }: Event): string {
  return new Date(Number(timestamp?.seconds ?? 0n) * 1000 + (timestamp?.nanos ?? 0) / 1e6).toISOString();
}

main().then(
  (status) => process.exit(status),
  (error: unknown) => {
    process.stderr.write(`legacy-client: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
