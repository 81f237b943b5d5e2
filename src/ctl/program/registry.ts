import type { Tool } from '../tool';
import type { Verb } from '../verb';

/** Adds one command to the program: its arguments, options and what it does. */
export type DefineCommand = (program: Verb, tool: Tool) => void;

/** A command, which is loaded once it is wanted: all of them with what they need take longer than a quick one does. */
export interface Entry {
  /** Its name, and its others. */
  readonly names: readonly string[];
  load(): Promise<DefineCommand>;
}

/** Every command, in the order in which help lists them within what people do. Help, completion and docs/cli.md are made of it. */
export const commands: readonly Entry[] = [
  { names: ['status'], load: async () => (await import('../commands/status')).defineStatus },
  { names: ['ps', 'ls'], load: async () => (await import('../commands/ps')).definePs },
  { names: ['why'], load: async () => (await import('../commands/why')).defineWhy },
  { names: ['logs'], load: async () => (await import('../commands/logs')).defineLogs },
  { names: ['tail'], load: async () => (await import('../commands/tail')).defineTail },
  { names: ['top'], load: async () => (await import('../commands/top')).defineTop },
  { names: ['stats'], load: async () => (await import('../commands/stats')).defineStats },
  { names: ['events'], load: async () => (await import('../commands/events')).defineEvents },
  { names: ['history'], load: async () => (await import('../commands/history')).defineHistory },
  { names: ['inspect'], load: async () => (await import('../commands/inspect')).defineInspect },
  { names: ['pid'], load: async () => (await import('../commands/pid')).definePid },
  { names: ['start'], load: async () => (await import('../commands/start')).defineStart },
  { names: ['stop'], load: async () => (await import('../commands/stop')).defineStop },
  { names: ['restart'], load: async () => (await import('../commands/stop')).defineRestart },
  { names: ['reload'], load: async () => (await import('../commands/files/reload')).defineReload },
  { names: ['signal'], load: async () => (await import('../commands/signal')).defineSignal },
  { names: ['clear'], load: async () => (await import('../commands/clear')).defineClear },
  { names: ['pause'], load: async () => (await import('../commands/pause')).definePause },
  { names: ['resume'], load: async () => (await import('../commands/pause')).defineResume },
  { names: ['update-limits'], load: async () => (await import('../commands/update-limits')).defineUpdateLimits },
  { names: ['scale'], load: async () => (await import('../commands/files/scale')).defineScale },
  { names: ['run'], load: async () => (await import('../commands/run')).defineRun },
  { names: ['exec'], load: async () => (await import('../commands/exec')).defineExec },
  { names: ['fg', 'attach'], load: async () => (await import('../commands/fg')).defineFg },
  { names: ['wait'], load: async () => (await import('../commands/wait')).defineWait },
  { names: ['rm'], load: async () => (await import('../commands/rm')).defineRm },
  { names: ['prune'], load: async () => (await import('../commands/rm')).definePrune },
  { names: ['pull'], load: async () => (await import('../commands/images/pull')).definePull },
  { names: ['push'], load: async () => (await import('../commands/images/push')).definePush },
  { names: ['load'], load: async () => (await import('../commands/images/load')).defineLoad },
  { names: ['images'], load: async () => (await import('../commands/images/images')).defineImages },
  { names: ['tag'], load: async () => (await import('../commands/images/tag')).defineTag },
  { names: ['rmi'], load: async () => (await import('../commands/images/rmi')).defineRmi },
  { names: ['save'], load: async () => (await import('../commands/images/save')).defineSave },
  { names: ['reread'], load: async () => (await import('../commands/files/reread')).defineReread },
  { names: ['update'], load: async () => (await import('../commands/files/update')).defineUpdate },
  { names: ['avail'], load: async () => (await import('../commands/files/avail')).defineAvail },
  { names: ['add'], load: async () => (await import('../commands/files/add')).defineAdd },
  { names: ['remove'], load: async () => (await import('../commands/files/add')).defineRemove },
  { names: ['check'], load: async () => (await import('../commands/files/check')).defineCheck },
  { names: ['definition'], load: async () => (await import('../commands/files/definition')).defineDefinition },
  { names: ['import'], load: async () => (await import('../commands/files/import')).defineImport },
  { names: ['version'], load: async () => (await import('../commands/version')).defineVersion },
  { names: ['shutdown'], load: async () => (await import('../commands/shutdown')).defineShutdown },
  { names: ['open'], load: async () => (await import('../commands/open')).defineOpen },
  { names: ['schema'], load: async () => (await import('../commands/schema')).defineSchema },
  { names: ['completion'], load: async () => (await import('../commands/completion')).defineCompletion },
  { names: ['containers'], load: async () => (await import('../ctr/containers')).defineContainers },
  { names: ['checkpoints'], load: async () => (await import('../ctr/checkpoints')).defineCheckpoints },
  { names: ['bundle'], load: async () => (await import('../commands/bundle')).defineBundle },
];

/** What prints something of each of the others. */
const ofAll = new Set(['completion']);

/** Those that are wanted where `word` is the first: one that has this name, or else all. */
export function commandsFor(word: string | undefined): readonly Entry[] {
  const named = commands.find(({ names }) => word !== undefined && names.includes(word));
  return named === undefined || named.names.some((name) => ofAll.has(name)) ? commands : [named];
}
