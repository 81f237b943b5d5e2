import type { Command } from 'commander';
import { defineBundle } from './commands/bundle';
import { defineEvents } from './commands/events';
import { defineExec } from './commands/exec';
import { definePid } from './commands/pid';
import { defineShutdown } from './commands/shutdown';
import { defineSignal } from './commands/signal';
import { defineStart } from './commands/start';
import { defineStatus } from './commands/status';
import { defineStop } from './commands/stop';
import { defineVersion } from './commands/version';
import type { Tool } from './tool';

/** Adds one command to the program: its arguments, options and what it does. */
export type DefineCommand = (program: Command, tool: Tool) => void;

/** Every command, in the order in which help lists them. */
export const commands: readonly DefineCommand[] = [
  defineStatus,
  defineStart,
  defineStop,
  defineSignal,
  defineExec,
  defineEvents,
  definePid,
  defineVersion,
  defineShutdown,
  defineBundle,
];
