import { Command, type Help, type OutputConfiguration } from 'commander';
import { sizeOf } from './text/screen-size';
import type { Io } from './tool';

/** What people do: `help` lists verbs by it, in this order. */
export const groups = ['Look', 'Act', 'Once', 'Images', 'Define', 'Daemon', 'Container'] as const;
export type Group = (typeof groups)[number];

/** What help, completion, the manual page and docs/cli.md say of a verb beside its arguments and options. */
export interface VerbMeta {
  readonly group: Group;
  /** A sentence without a full stop. */
  readonly summary: string;
  /** One command line, without the program's name. */
  readonly example: string;
  /** Exit statuses beside 0, 1 and 2. */
  readonly statuses?: string;
  /** It ends with the command line of another program, before which there are so many words. */
  readonly wordsBeforeCommand?: number;
  /** The version that it came with, such as `0.3.0`, where that is not the first. */
  readonly since?: string;
}

/** Commander's, where there is no terminal. */
const defaultHelpWidth = 80;
/** What an option says is wrapped also beside long ones: commander leaves it as it is where it would be narrower than 40 columns. */
export const narrowestHelp = 20;

/** A commander command that knows what is said of it. */
export class Verb extends Command {
  meta: VerbMeta | undefined;

  override createCommand(name?: string): Verb {
    return new Verb(name);
  }

  /** Adds a verb. */
  verb(name: string, meta: VerbMeta): Verb {
    const added = this.command(name) as Verb;
    added.meta = meta;
    added.description(meta.summary);
    added.addHelpText('after', () => `\nExample:\n  ${added.programName} ${meta.example}${meta.statuses === undefined ? '' : `\n\n${added.#wrapped(`Exit status: ${meta.statuses}`)}`}`);
    return added;
  }

  #wrapped(text: string): string {
    return this.createHelp().boxWrap(text, this.configureOutput().getOutHelpWidth?.() ?? defaultHelpWidth);
  }

  get programName(): string {
    return this.parent instanceof Verb ? this.parent.programName : this.name();
  }

  /** The verbs of this program, in the order in which they were added. */
  get verbs(): readonly (Verb & { readonly meta: VerbMeta })[] {
    return this.commands.filter(isVerb);
  }

  /** Of the program: what people do. */
  overview(): string {
    const lines = groups.flatMap((group) => {
      const names = this.verbs.filter(({ meta }) => meta.group === group).map((verb) => verb.name());
      if (group === 'Daemon') names.push('help');
      return names.length === 0 ? [] : [`${group.padEnd(10)}${names.join('  ')}`];
    });
    return `${lines.join('\n')}\n\nholdfastctl help VERB  shows its flags, an example and its exit statuses. Alone on a terminal it is a shell.\n`;
  }
}

function isVerb(command: Command): command is Verb & { readonly meta: VerbMeta } {
  return command instanceof Verb && command.meta !== undefined;
}

/** Commander's own words go where all others do. */
export function writingTo({ stdout, stderr }: Io): OutputConfiguration {
  return {
    writeOut: (text) => void stdout.write(text),
    writeErr: (text) => void stderr.write(text),
    getOutHelpWidth: () => sizeOf(stdout).columns,
    getErrHelpWidth: () => sizeOf(stderr).columns,
  };
}

/** The overview for the program, commander's own for a verb. */
export function formatHelp(standard: Help['formatHelp']): Help['formatHelp'] {
  return function format(this: Help, command, helper) {
    if (command.parent !== null || !(command instanceof Verb)) return standard.call(this, command, helper);
    const options = helper.visibleOptions(command).map((option) => `  ${helper.optionTerm(option).padEnd(26)}${helper.optionDescription(option)}`);
    return `${command.overview()}\nOptions:\n${options.join('\n')}\n`;
  };
}
