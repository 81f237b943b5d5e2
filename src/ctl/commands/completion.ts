import { InvalidArgumentError } from 'commander';
import type { Tool } from '../tool';
import type { Verb } from '../verb';

const shells = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof shells)[number];

/** Which names a verb is about; of all others, all names. */
const statesOf: Readonly<Record<string, NameState>> = {
  start: 'stopped',
  rm: 'stopped',
  stop: 'running',
  restart: 'any',
  signal: 'running',
  pause: 'running',
  resume: 'running',
  exec: 'running',
  wait: 'running',
  'update-limits': 'running',
};
/** Verbs that name images. */
const ofImages = new Set(['images', 'pull', 'push', 'rmi', 'save', 'tag']);
/** Verbs that name nothing. */
const nameless = new Set(['prune', 'version', 'shutdown', 'schema', 'completion', 'top', 'open', 'bundle', 'events', 'containers', 'checkpoints', 'load']);

export function defineCompletion(program: Verb, tool: Tool): void {
  program
    .verb('completion', { group: 'Daemon', summary: 'prints what completes verbs, flags and names in a shell', example: 'completion bash > /etc/bash_completion.d/holdfastctl' })
    .argument('<shell>', 'bash, zsh or fish', (value): Shell => {
      const known = shells.find((shell) => shell === value);
      if (known === undefined) throw new InvalidArgumentError('One of bash, zsh, fish is wanted.');
      return known;
    })
    .action((shell: Shell) => { tool.io.stdout.write(scripts[shell](program)); });
}

type NameState = 'running' | 'stopped' | 'any';

export function flagsOf(verb: Verb): string[] {
  return [...verb.options.flatMap(({ short, long }) => [short, long]), '--help'].filter((flag): flag is string => typeof flag === 'string');
}

/** Of a verb that has some: its forms. */
function formsOf(verb: Verb): string {
  return verb.verbs.map((form) => form.name()).join(' ');
}

function namesCommand(verb: string): string {
  if (ofImages.has(verb)) return 'holdfastctl __names --images';
  return nameless.has(verb) ? '' : `holdfastctl __names --state ${statesOf[verb] ?? 'any'}`;
}

/** Those that people send. */
export const signals = 'HUP INT QUIT KILL USR1 USR2 TERM CONT STOP WINCH';

function verbNames(program: Verb): string[] {
  return [...program.verbs.map((verb) => verb.name()), 'help'];
}

function bashScript(program: Verb): string {
  const cases = program.verbs.map((verb) => {
    const names = namesCommand(verb.name());
    // Of the daemon that is asked.
    const words = names === '' ? formsOf(verb) : ` $(${names.replace('holdfastctl', 'holdfastctl "\${address[@]}"')} 2>/dev/null)`;
    const first = verb.name() === 'signal' ? `\n      if [ "$position" -eq 1 ]; then words="${signals}"; fi` : '';
    return `    ${verb.name()})\n      flags="${flagsOf(verb).join(' ')}"\n      words="${words.trim()}"${first};;`;
  });
  return `# Completion of holdfastctl for bash, made by: holdfastctl completion bash
_holdfastctl() {
  local current=\${COMP_WORDS[COMP_CWORD]} verb= flags= words= position=0 at address=()
  for ((at = 1; at < COMP_CWORD; at++)); do
    case \${COMP_WORDS[at]} in
      -s|--address) address=(-s "\${COMP_WORDS[at + 1]}"); ((at++));;
      -*) ;;
      *) if [ -z "$verb" ]; then verb=\${COMP_WORDS[at]}; fi; ((position++));;
    esac
  done
  case $verb in
    '')
      flags="--address --no-color --version --help"
      words="${verbNames(program).join(' ')}";;
    help)
      words="${verbNames(program).join(' ')}";;
${cases.join('\n')}
  esac
  if [[ $current == -* ]]; then words=$flags; fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F _holdfastctl holdfastctl
`;
}

function zshScript(program: Verb): string {
  const verbs = program.verbs.map((verb) => `    '${verb.name()}:${verb.meta.summary.replaceAll("'", "'\\''").replaceAll(':', '\\:')}'`);
  const cases = program.verbs.map((verb) => `      ${verb.name()}) flags=(${flagsOf(verb).join(' ')}); names=(${formsOf(verb)} \${(f)"$(${namesCommand(verb.name()) || 'true'} 2>/dev/null)"});;`);
  return `#compdef holdfastctl
# Completion of holdfastctl for zsh, made by: holdfastctl completion zsh
_holdfastctl() {
  local -a verbs flags names
  verbs=(
${verbs.join('\n')}
    'help:what a command does and takes'
  )
  if (( CURRENT == 2 )); then
    _describe 'command' verbs
  else
    case $words[2] in
${cases.join('\n')}
    esac
    if [[ $words[CURRENT] == -* ]]; then compadd -- $flags; else compadd -- $names; fi
  fi
}
compdef _holdfastctl holdfastctl
`;
}

function fishScript(program: Verb): string {
  const lines = program.verbs.flatMap((verb) => {
    const name = verb.name();
    const summary = verb.meta.summary.replaceAll("'", "\\'");
    const names = namesCommand(name);
    return [
      `complete -c holdfastctl -n __fish_use_subcommand -a ${name} -d '${summary}'`,
      ...(formsOf(verb) === '' ? [] : [`complete -c holdfastctl -n '__fish_seen_subcommand_from ${name}' -a '${formsOf(verb)}'`]),
      ...(names === '' ? [] : [`complete -c holdfastctl -n '__fish_seen_subcommand_from ${name}' -a '(${names} 2>/dev/null)'`]),
      ...verb.options.map(({ long, short, description }) =>
        `complete -c holdfastctl -n '__fish_seen_subcommand_from ${name}'${short === undefined ? '' : ` -s ${short.slice(1)}`}${long === undefined ? '' : ` -l ${long.slice(2)}`} -d '${description.replaceAll("'", "\\'")}'`),
    ];
  });
  return `# Completion of holdfastctl for fish, made by: holdfastctl completion fish\ncomplete -c holdfastctl -f\n${lines.join('\n')}\n`;
}

const scripts: Readonly<Record<Shell, (program: Verb) => string>> = { bash: bashScript, zsh: zshScript, fish: fishScript };
