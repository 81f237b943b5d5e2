import { exitStatus } from '../exit-status';
import { topJson } from '../json/top';
import type { Tool } from '../tool';
import { headLine, rowsOf, tableOf } from './frame';
import { firstView } from './view';
import { Watcher, machineNow } from './watcher';

/** Frames for programs, and for who looks once: `--once`, `--json`. */
export async function printTop(tool: Tool, { once = false, json = false }: { readonly once?: boolean; readonly json?: boolean }): Promise<void> {
  const stream = (await tool.connect()).stats({ with_list: true });
  const stop = tool.io.onSignal('SIGINT', () => {
    tool.finish(exitStatus.interrupted);
    stream.close();
  });
  const watcher = new Watcher();
  try {
    for await (const message of stream) {
      const rows = watcher.take(message);
      // Two are needed for a rate.
      if (once && message.containers.length > 0 && rows.every(({ rates }) => rates === undefined)) continue;
      const nowMs = Date.now();
      if (json) tool.print(JSON.stringify(topJson(message.time, rows, machineNow())));
      else for (const line of [headLine(message.list, machineNow(), nowMs), ...tableOf(rowsOf(rows, firstView), { nowMs, width: tool.width, isLive: false })]) tool.print(line);
      if (once) return;
    }
  } finally {
    stop();
    stream.close();
  }
}
