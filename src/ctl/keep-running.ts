import { Outcome, type Result } from '../api/gen/holdfast/v1/containers';
import type { DaemonClient } from './daemon/daemon-client';
import type { Tool } from './tool';

/** What is to be kept running. */
export interface KeptRunning {
  readonly name: string;
  /** A definition file of it alone. */
  readonly toml: string;
}

/**
 * Has the daemon keep a program running that no file defines, and prints its name once it runs, or is to be started again. @param check throws where it has failed for good
 * @throws CtlError
 */
export async function keepRunning(tool: Tool, daemon: DaemonClient, { name, toml }: KeptRunning, check: (result: Result) => void): Promise<void> {
  for await (const { result } of daemon.definitions.define(toml)) {
    if (result === undefined) continue;
    // It ended before it counted as started: what was asked for is that it be started again.
    if (result.outcome === Outcome.SPAWN_ERROR) tool.explain(`${name}: ${result.detail}`, `It is kept: holdfastctl why ${name}   or, to forget it, holdfastctl rm --force ${name}`);
    else check(result);
  }
  tool.print(name);
}
