import { defineCheckpoints } from './ctr/checkpoints';
import { defineContainers } from './ctr/containers';
import { defineAdd, defineRemove } from './commands/files/add';
import { defineAvail } from './commands/files/avail';
import { defineBundle } from './commands/bundle';
import { defineCheck } from './commands/files/check';
import { defineClear } from './commands/clear';
import { defineCompletion, defineNames } from './commands/completion';
import { defineDefinition } from './commands/files/definition';
import { defineEvents } from './commands/events';
import { defineExec } from './commands/exec';
import { defineFg } from './commands/fg';
import { defineHistory } from './commands/history';
import { defineImport } from './commands/files/import';
import { defineImages } from './commands/images/images';
import { defineLoad } from './commands/images/load';
import { definePull } from './commands/images/pull';
import { defineRmi } from './commands/images/rmi';
import { defineSave } from './commands/images/save';
import { defineInspect } from './commands/inspect';
import { defineLogs } from './commands/logs';
import { defineOpen } from './commands/open';
import { definePause, defineResume } from './commands/pause';
import { definePid } from './commands/pid';
import { definePs } from './commands/ps';
import { defineReload } from './commands/files/reload';
import { defineReread } from './commands/files/reread';
import { definePrune, defineRm } from './commands/rm';
import { defineRun } from './commands/run';
import { defineScale } from './commands/files/scale';
import { defineSchema } from './commands/schema';
import { defineShutdown } from './commands/shutdown';
import { defineSignal } from './commands/signal';
import { defineStart } from './commands/start';
import { defineStats } from './commands/stats';
import { defineStatus } from './commands/status';
import { defineRestart, defineStop } from './commands/stop';
import { defineTail } from './commands/tail';
import { defineTop } from './commands/top';
import { defineUpdate } from './commands/files/update';
import { defineUpdateLimits } from './commands/update-limits';
import { defineVersion } from './commands/version';
import { defineWait } from './commands/wait';
import { defineWhy } from './commands/why';
import type { Tool } from './tool';
import type { Verb } from './verb';

/** Adds one command to the program: its arguments, options and what it does. */
export type DefineCommand = (program: Verb, tool: Tool) => void;

/** Every command, in the order in which help lists them within what people do. Help, completion and docs/cli.md are made of it. */
export const commands: readonly DefineCommand[] = [
  defineStatus,
  definePs,
  defineWhy,
  defineLogs,
  defineTail,
  defineTop,
  defineStats,
  defineEvents,
  defineHistory,
  defineInspect,
  definePid,
  defineStart,
  defineStop,
  defineRestart,
  defineReload,
  defineSignal,
  defineClear,
  definePause,
  defineResume,
  defineUpdateLimits,
  defineScale,
  defineRun,
  defineExec,
  defineFg,
  defineWait,
  defineRm,
  definePrune,
  definePull,
  defineLoad,
  defineImages,
  defineRmi,
  defineSave,
  defineReread,
  defineUpdate,
  defineAvail,
  defineAdd,
  defineRemove,
  defineCheck,
  defineDefinition,
  defineImport,
  defineVersion,
  defineShutdown,
  defineOpen,
  defineSchema,
  defineCompletion,
  defineContainers,
  defineCheckpoints,
  defineBundle,
  defineNames,
];
