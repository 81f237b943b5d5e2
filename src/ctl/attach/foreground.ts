import { constants } from 'node:os';
import type { DaemonClient } from '../daemon/daemon-client';
import { killedBy } from '../exit-status';
import { writeMessage } from '../output/write-message';
import type { Tool } from '../tool';
import { INIT } from '../names';
import { DetachKeys } from './detach-keys';
import { InputCopy } from './input-copy';
import { ProgramLink } from './program-link';
import { RawTerminal } from './terminal';

export interface ForegroundTarget {
  readonly name: string;
  readonly terminal: boolean;
  /** The FIFO that is its stdin, of a client that has left it; absent: the daemon passes on what is typed. */
  readonly stdin?: string;
}

/** How a program left the foreground: by its end, by supervisorctl's keys (Ctrl-C, Ctrl-D), by those of a terminal, or by a signal to us. */
type Left = { readonly is: 'ended'; readonly status: number } | { readonly is: 'interrupted' | 'detached' } | { readonly is: 'killed'; readonly signal: number };

/** Joins our stdio to a running program whose output is kept. @returns the status to exit with: the program's own where it is over */
export async function foreground(tool: Tool, daemon: DaemonClient, { name, terminal, stdin }: ForegroundTarget): Promise<{ readonly status: number; readonly isOver: boolean }> {
  const { io } = tool;
  const link = new ProgramLink(daemon, name);
  const isRaw = terminal && io.stdin.isTTY === true;
  let leave: (left: Left) => void = () => undefined;
  const left = new Promise<Left>((resolve) => { leave = resolve; });
  let join: () => void = () => undefined;
  const joined = new Promise<void>((resolve) => { join = resolve; });
  const output = (async (): Promise<void> => {
    for await (const message of link.messages()) {
      join();
      const { ended, removed } = message;
      await writeMessage(io, message);
      if (ended !== undefined || removed) leave({ is: 'ended', status: ended?.exit_status ?? 0 });
    }
  })();
  const keys = isRaw ? new DetachKeys() : undefined;
  const take = (typed: Buffer | string): void => {
    const bytes = typeof typed === 'string' ? Buffer.from(typed) : typed;
    const { forward, detach: isDetached } = keys?.feed(bytes) ?? { forward: bytes, detach: false };
    if (forward.length > 0 && !link.input(forward, () => { io.stdin.resume(); })) io.stdin.pause();
    if (isDetached) detach();
  };
  const atEnd = (): void => { leave({ is: 'interrupted' }); };
  const detach = (): void => { leave({ is: 'detached' }); };
  const listeners = [
    ...(isRaw ? [] : [io.onSignal('SIGINT', atEnd)]),
    ...(['SIGTERM', 'SIGHUP'] as const).map((signal) => io.onSignal(signal, () => { leave({ is: 'killed', signal: constants.signals[signal] }); })),
  ];
  let input: InputCopy | undefined;
  let screen: RawTerminal | undefined;
  try {
    // What is typed is answered after the place from which on we read: that may be the last that it does. Until then the terminal is as it was, and Ctrl-C ends us.
    if (stdin !== undefined) await Promise.race([joined, output, left]);
    screen = terminal ? new RawTerminal(io, (size) => { link.resize(size); }) : undefined;
    screen?.tellSize();
    if (stdin === undefined) {
      io.stdin.on('data', take);
      io.stdin.once('end', atEnd);
    } else {
      // It has a stdin of its own, which ends with ours: as when it was run.
      input = new InputCopy(io.stdin, stdin, isRaw, { onEnd: () => { daemon.closeInput(name, INIT).catch(() => undefined); }, onDetach: detach });
    }
    const how = await Promise.race([left, output.then(() => left)]);
    return { status: say(tool, name, how), isOver: how.is === 'ended' };
  } finally {
    link.close();
    input?.close();
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
