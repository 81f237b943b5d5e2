import type { Command } from 'commander';
import type { Container } from '../../api/gen/api';
import { INIT, type DaemonClient } from '../daemon-client';
import { isCtlError } from '../errors';
import { pastExits, type PastExit } from '../exit-history';
import { exitStatus } from '../exit-status';
import { selectByName } from '../names';
import { isGlob } from '../text/glob';
import { isUp, statusLines, type ShownState, type StatusRow } from '../text/status-line';
import { formatMoment, millisecondsOf, momentOf } from '../text/timestamp';
import type { Tool } from '../tool';
import { uptimeSeconds } from '../uptime';

interface StatusOptions {
  readonly json?: boolean;
}

export function defineStatus(program: Command, tool: Tool): void {
  program
    .command('status')
    .description('shows how containers are: a line each')
    .argument('[names...]', 'names, shell patterns, or all')
    .option('--json', 'print an array of objects')
    .action((names: string[], options: StatusOptions) => status(tool, names, options));
}

const shown: Readonly<Record<string, ShownState>> = { running: 'RUNNING', paused: 'PAUSED', stopped: 'STOPPED' };

async function status(tool: Tool, names: readonly string[], options: StatusOptions): Promise<void> {
  try {
    const daemon = await tool.connect();
    const { matched, unknown } = selectByName(await daemon.containers(), names);
    const ended = await endedByName(daemon, unknown);
    const rows = [...(await Promise.all(matched.map((container) => rowOf(daemon, container)))), ...ended.values()];
    const nowhere = unknown.filter((name) => !ended.has(name));
    print(tool, rows, nowhere, options);
    if (nowhere.length > 0) tool.finish(exitStatus.statusUnknown);
    else if (rows.some((row) => !isUp(row.state))) tool.finish(exitStatus.statusNotRunning);
  } catch (error) {
    if (!isCtlError(error, 'unreachable')) throw error;
    tool.explain(error.message, error.hint);
    tool.finish(exitStatus.statusUnknown);
  }
}

function print(tool: Tool, rows: readonly StatusRow[], nowhere: readonly string[], options: StatusOptions): void {
  if (options.json === true) {
    tool.print(JSON.stringify(rows.map(jsonOf), null, 2));
    for (const name of nowhere) tool.explain(`${name}: no such process`);
    return;
  }
  for (const name of nowhere) tool.print(`${name}: ERROR (no such process)`);
  for (const line of statusLines(rows, tool.paint)) tool.print(line);
}

/**
 * The daemon forgets a container the moment its exit has been told. One that is asked for by its
 * name, not by a pattern, is shown with the end that is in the event log, as long as it is there.
 */
async function endedByName(daemon: DaemonClient, names: readonly string[]): Promise<Map<string, StatusRow>> {
  const rows = new Map<string, StatusRow>();
  for (const name of names.filter((each) => !isGlob(each))) {
    const exit = (await pastExits(daemon, name)).get(name);
    if (exit !== undefined) rows.set(name, { name, state: 'EXITED', pid: 0, uptimeSeconds: undefined, ...ending(exit) });
  }
  return rows;
}

async function rowOf(daemon: DaemonClient, container: Container): Promise<StatusRow> {
  const name = container.id;
  const state = shown[container.status] ?? 'UNKNOWN';
  if (!isUp(state)) {
    const exit = (await pastExits(daemon, name)).get(name);
    return { name, state, pid: 0, uptimeSeconds: undefined, ...ending(exit) };
  }
  const pid = container.processes.find((process) => process.pid === INIT)?.systemPid ?? 0;
  return { name, state, pid, uptimeSeconds: uptimeSeconds(pid), ...ending(undefined) };
}

function ending(exit: PastExit | undefined): Pick<StatusRow, 'exitedAt' | 'exitStatus'> {
  return { exitedAt: exit === undefined ? undefined : new Date(millisecondsOf(exit.at)), exitStatus: exit?.status };
}

/** Absent where there is nothing to tell: JSON leaves undefined members out. */
function jsonOf(row: StatusRow): object {
  return {
    name: row.name,
    state: row.state,
    pid: row.pid,
    uptimeSeconds: row.uptimeSeconds === undefined ? undefined : Math.floor(row.uptimeSeconds),
    exitedAt: row.exitedAt === undefined ? undefined : formatMoment(momentOf(row.exitedAt.getTime())),
    exitStatus: row.exitStatus,
  };
}
