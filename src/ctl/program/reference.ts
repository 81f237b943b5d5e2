import type { Option } from 'commander';
import { version } from '../../../package.json';
import { Verb, groups } from '../verb';

const titles: Readonly<Record<(typeof groups)[number], string>> = {
  Look: 'To look',
  Act: 'To act',
  Once: 'Once',
  Images: 'Images',
  Define: 'To define',
  Daemon: 'The daemon',
  Container: 'Containers',
};

/** docs/cli.md: made of the table of commands, as help and completion are. */
export function markdown(program: Verb): string {
  const parts = groups.flatMap((group) => {
    const verbs = program.verbs.filter(({ meta }) => meta.group === group);
    return verbs.length === 0 ? [] : [`## ${titles[group]}`, ...verbs.flatMap(withForms).map(verbMarkdown)];
  });
  return `${[
    '# holdfastctl',
    'Made from the command table by `make build`: do not edit. `holdfastctl help VERB` says the same. What is common to all verbs is at the end.',
    ...parts,
    commonMarkdown,
  ].join('\n\n')}\n`;
}

type KnownVerb = Verb['verbs'][number];

/** A verb, and those that it has itself. */
function withForms(verb: KnownVerb): readonly KnownVerb[] {
  return [verb, ...verb.verbs];
}

/** `containers list`: without the program's name. */
function pathOf(verb: Verb): string {
  return verb.parent?.parent instanceof Verb ? `${verb.parent.name()} ${verb.name()}` : verb.name();
}

function verbMarkdown(verb: KnownVerb): string {
  const { summary, example, statuses } = verb.meta;
  const aliases = verb.aliases().map((alias) => ` (also \`${alias}\`)`).join('');
  const rows = [
    ...verb.registeredArguments.map((argument) => `| \`${argument.name()}\` | ${cell(argument.description)} |`),
    ...verb.options.map((option) => `| \`${option.flags}\` | ${cell(describe(option))} |`),
  ];
  return [
    `### ${pathOf(verb)}`,
    `\`holdfastctl ${pathOf(verb)} ${verb.usage()}\`${aliases}: ${summary}.`,
    ...(rows.length === 0 ? [] : [['| | |', '|---|---|', ...rows].join('\n')]),
    `    holdfastctl ${example}`,
    ...(statuses === undefined ? [] : [`Exit status: ${statuses}.`]),
  ].join('\n\n');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

function describe({ description, defaultValue }: Option): string {
  return typeof defaultValue === 'string' || typeof defaultValue === 'number' ? `${description} (default: ${String(defaultValue)})` : description;
}

const commonMarkdown = `## Common to all

**Names** are exact; a shell pattern (\`'web*'\`) or \`all\` means several, a prefix nothing. A name that is not there is answered with up to three near ones. A program's own
name has no slash; \`legacy/<id>\` and \`<namespace>/<id>\` name containers that other clients made.

**Output.** What was asked for goes to stdout, in a form that does not depend on the width where it is no terminal; hints, progress and errors go to stderr. Only the
\`x: ERROR (…)\` lines, and what is wrong with the socket, go to stdout in supervisorctl's verbs, as they do there. Colours are for terminals, and not with \`NO_COLOR\` or \`--no-color\`.

**\`--json\`** prints one document: an array, an object, or of streams an object a line. Names are in snake_case, times RFC 3339 in UTC, numbers numbers, and what there is not is \`null\`.
\`holdfastctl schema VERB\` prints its schema; fields are only ever added. An error is \`{"error":{"code":…,"message":…}}\` on stderr.

**Exit statuses**: 0 done; 1 failed; 2 wrong arguments; 7 the daemon's socket is missing, or something could not be started or does not run; 4 the socket refuses, or is
not a Holdfast's (\`status\`: 4 for all of these). Of several names the last failure counts. 130 interrupted: what was asked for goes on. 141 the reader of the output has gone.
\`run\` and \`exec\` exit as the process does; every failure of ours is 125 there.

**Alone on a terminal** it is a shell: \`status\` first, Tab completes, Ctrl-D leaves. In a pipe it runs the lines that come, and exits as the first that fails; without any it is \`status\`.
`;

/** The manual page, in the macros of man(7). */
export function manPage(program: Verb): string {
  const verbs = program.verbs.flatMap(withForms).flatMap((verb) => [
    '.TP',
    `.B ${roff(pathOf(verb))} ${roff(verb.usage())}`,
    `${roff(verb.meta.summary)}.`,
    ...verb.options.flatMap((option) => ['.RS', '.TP', `.B ${roff(option.flags)}`, roff(describe(option)), '.RE']),
    '.RS',
    '.P',
    `Example: holdfastctl ${roff(verb.meta.example)}`,
    ...(verb.meta.statuses === undefined ? [] : ['.P', `Exit status: ${roff(verb.meta.statuses)}.`]),
    '.RE',
  ]);
  return `${[
    `.TH HOLDFASTCTL 1 "" "holdfast ${version}"`,
    '.SH NAME',
    'holdfastctl \\- starts, watches and ends programs and containers of holdfastd',
    '.SH SYNOPSIS',
    '.B holdfastctl',
    '[\\fB\\-s\\fR \\fIsocket\\fR] [\\fIcommand\\fR [\\fIargument\\fR ...]]',
    '.SH COMMANDS',
    ...verbs,
    '.SH EXIT STATUS',
    '0 done; 1 failed; 2 wrong arguments; 4 the socket refuses; 7 the socket is missing, or something does not run; 130 interrupted; 141 the reader has gone.',
    '.SH ENVIRONMENT',
    'HOLDFAST_ADDRESS, NO_COLOR, COLUMNS',
  ].join('\n')}\n`;
}

/** A line of text: no line of roff may begin with a dot or a quote. */
function roff(text: string): string {
  return text.replaceAll('\\', '\\e').replaceAll('-', '\\-').replace(/^([.'])/, '\\&$1');
}
