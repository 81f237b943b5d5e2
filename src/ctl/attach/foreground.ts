import { constants } from 'node:os';
import { OutputStream } from '../../api/gen/holdfast/v1/output';
import type { DaemonClient } from '../daemon/daemon-client';
import { killedBy } from '../exit-status';
import { write } from '../output/write';
import type { Tool } from '../tool';
import { DetachKeys } from './detach-keys';
import { ProgramLink } from './program-link';
import { RawTerminal } from './terminal';

export interface ForegroundTarget {
  readonly name: string;
  readonly terminal: boolean;
}

/** How a program left the foreground: by its end, by supervisorctl's keys (Ctrl-C, Ctrl-D), by those of a terminal, or by a signal to us. */
type Left = { readonly is: 'ended'; readonly status: number } | { readonly is: 'interrupted' | 'detached' } | { readonly is: 'killed'; readonly signal: number };

/** Joins our stdio to a running program whose output is kept. @returns the status to exit with: the program's own where it has ended */
export async function foreground(tool: Tool, daemon: DaemonClient, { name, terminal }: ForegroundTarget): Promise<number> {
  const { io } = tool;
  const link = new ProgramLink(daemon, name);
  const isRaw = terminal && io.stdin.isTTY === true;
  let leave: (left: Left) => void = () => undefined;
  const left = new Promise<Left>((resolve) => { leave = resolve; });
  const output = (async (): Promise<void> => {
    for await (const { chunks, ended, removed } of link.messages()) {
      for (const { stream, data } of chunks) await write(stream === OutputStream.STDERR ? io.stderr : io.stdout, data);
      if (ended !== undefined || removed) leave({ is: 'ended', status: ended?.exit_status ?? 0 });
    }
  })();
  const keys = isRaw ? new DetachKeys() : undefined;
  const take = (typed: Buffer | string): void => {
    const bytes = typeof typed === 'string' ? Buffer.from(typed) : typed;
    const { forward, detach } = keys?.feed(bytes) ?? { forward: bytes, detach: false };
    if (forward.length > 0 && !link.input(forward, () => { io.stdin.resume(); })) io.stdin.pause();
    if (detach) leave({ is: 'detached' });
  };
  const atEnd = (): void => { leave({ is: 'interrupted' }); };
  const listeners = [
    ...(isRaw ? [] : [io.onSignal('SIGINT', atEnd)]),
    ...(['SIGTERM', 'SIGHUP'] as const).map((signal) => io.onSignal(signal, () => { leave({ is: 'killed', signal: constants.signals[signal] }); })),
  ];
  const screen = terminal ? new RawTerminal(io, (size) => { link.resize(size); }) : undefined;
  try {
    screen?.tellSize();
    io.stdin.on('data', take);
    io.stdin.once('end', atEnd);
    return say(tool, name, await Promise.race([left, output.then(() => left)]));
  } finally {
    link.close();
    io.stdin.off('data', take);
    io.stdin.off('end', atEnd);
    io.stdin.pause();
    screen?.close();
    for (const stop of listeners) stop();
  }
}

function say(tool: Tool, name: string, left: Left): number {
  switch (left.is) {
    case 'ended':
      return left.status;
    case 'interrupted':
      tool.print('Exiting foreground');
      return 0;
    case 'detached':
      tool.io.stderr.write(`detached; ${name} runs on (holdfastctl fg ${name})\n`);
      return 0;
    case 'killed':
      return killedBy(left.signal);
  }
}
