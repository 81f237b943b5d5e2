import { onEach } from '../on-each';
import type { Tool } from '../tool';
import type { Verb } from '../verb';

export function definePause(program: Verb, tool: Tool): void {
  program
    .verb('pause', { group: 'Act', summary: 'freezes all processes of programs', example: 'pause web', statuses: '7 it does not run' })
    .argument('<names...>', 'names, shell patterns, or all')
    .action((names: string[]) => onEach(tool, names, 'paused', (daemon, { name }) => daemon.pause(name)));
}

export function defineResume(program: Verb, tool: Tool): void {
  program
    .verb('resume', { group: 'Act', summary: 'lets frozen programs go on', example: 'resume web', statuses: '7 it does not run' })
    .argument('<names...>', 'names, shell patterns, or all')
    .action((names: string[]) => onEach(tool, names, 'resumed', (daemon, { name }) => daemon.resume(name)));
}
