import { DEFAULT_CONFIG_FILE } from './config-file';
import { GROUPS, optionNames, options } from './settings';

const WIDTH = 80;
const TEXT_COLUMN = 32;

interface Line {
  readonly left: string;
  readonly text: string;
}

/** @returns what `--help` prints: every flag by groups, no line wider than 80 columns */
export function helpText(): string {
  const parts = [
    'Usage: holdfastd [flags]',
    'Supervises containers for clients of the containerd 0.2 gRPC API.',
  ];
  for (const group of GROUPS) {
    const lines = optionNames.filter((name) => options[name].group === group).map((name) => optionLine(options[name]));
    parts.push([`${group}:`, ...lines.map(layOut)].join('\n'));
  }
  const others: readonly Line[] = [
    { left: '    --config PATH', text: `configuration file (default ${DEFAULT_CONFIG_FILE}, if there)` },
    { left: '-v, --version', text: 'print the version' },
    { left: '-h, --help', text: 'print this' },
  ];
  parts.push(['Other:', ...others.map(layOut)].join('\n'));
  parts.push(
    'Durations are written 30s, 1m30s, 500ms. All flags but those of the last group\n' +
      'are also keys of the configuration file, which is TOML; flags win.',
  );
  return parts.join('\n\n') + '\n';
}

/** @returns what `--version` prints, without a newline. Version 0.2.9 is that of the API, which clients ask for. */
export function versionText(version: string): string {
  return `holdfastd version ${version} (containerd 0.2.9 API)`;
}

function optionLine(option: (typeof options)[keyof typeof options]): Line {
  const short = option.short === undefined ? '    ' : `-${option.short}, `;
  const initial = option.shape === 'boolean' ? '' : option.initial.join(', ');
  return {
    left: `${short}--${option.flag} ${option.valueName}`.trimEnd(),
    text: initial === '' ? option.help : `${option.help} (default ${initial})`,
  };
}

function layOut({ left, text }: Line): string {
  const margin = ' '.repeat(TEXT_COLUMN);
  const [first = '', ...others] = wrap(text, WIDTH - TEXT_COLUMN);
  const head = `  ${left}`;
  const start = head.length + 2 <= TEXT_COLUMN ? head.padEnd(TEXT_COLUMN) : `${head}\n${margin}`;
  return [start + first, ...others.map((line) => margin + line)].join('\n');
}

function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
