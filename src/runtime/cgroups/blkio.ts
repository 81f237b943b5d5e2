import type { ControllerDirectory } from './cgroup';
import type { BlkioEntry, BlkioFigures } from './figures';
import { type KernelFiles, parseCount } from './kernel-files';

type Kind = keyof BlkioFigures;
type Entries = { -readonly [P in Kind]: readonly BlkioEntry[] };

/** The files of one layer of the kernel, the one first that tells whether the layer counts at all. */
type Source = readonly (readonly [kind: Kind, file: string])[];

/** The two schedulers that count (BFQ, and CFQ up to Linux 4.20) name their files alike. */
function schedulerFiles(prefix: string): Source {
  return [
    ['sectors', `${prefix}.sectors_recursive`],
    ['serviceTime', `${prefix}.io_service_time_recursive`],
    ['waitTime', `${prefix}.io_wait_time_recursive`],
    ['merged', `${prefix}.io_merged_recursive`],
    ['queued', `${prefix}.io_queued_recursive`],
    ['time', `${prefix}.time_recursive`],
    ['serviced', `${prefix}.io_serviced_recursive`],
    ['serviceBytes', `${prefix}.io_service_bytes_recursive`],
  ];
}

function basicFiles(prefix: string, suffix = ''): Source {
  return [
    ['serviced', `${prefix}.io_serviced${suffix}`],
    ['serviceBytes', `${prefix}.io_service_bytes${suffix}`],
  ];
}

/**
 * Best first; runc asks in the same order, so that both tell the same. The last is for kernels whose
 * throttling layer does not count recursively.
 */
const sources: readonly Source[] = [
  schedulerFiles('blkio.bfq'), // with CONFIG_BFQ_CGROUP_DEBUG
  basicFiles('blkio.bfq', '_recursive'),
  schedulerFiles('blkio'),
  basicFiles('blkio.throttle', '_recursive'),
  basicFiles('blkio.throttle'),
];

/** The figures of the controller blkio (version 1) or io (version 2). */
export function readBlkio(files: KernelFiles, directory: ControllerDirectory | undefined): BlkioFigures {
  if (directory === undefined) return none();
  if (directory.version === 2) return parseIoStat(files.text(`${directory.path}/io.stat`) ?? '');
  // A layer whose first file is missing or has no device yet does not count; the next one may.
  const present = sources.filter(([first]) => first !== undefined && files.has(`${directory.path}/${first[1]}`));
  // A kernel without any, or a cgroup that has just been removed.
  if (present.length === 0) files.someAbsent = true;
  for (const source of present) {
    const found = readSource(files, directory.path, source);
    if (found !== undefined) return found;
  }
  return none();
}

function readSource(files: KernelFiles, directory: string, source: Source): BlkioFigures | undefined {
  const figures = none();
  for (const [index, [kind, file]] of source.entries()) {
    figures[kind] = parseDeviceLines(files.text(`${directory}/${file}`) ?? '');
    if (index === 0 && figures[kind].length === 0) return undefined;
  }
  return figures;
}

/** Lines of `8:0 Read 1282048` or `8:0 6792`, and a `Total 3477504` over all devices, which is left out. */
function parseDeviceLines(text: string): BlkioEntry[] {
  const entries: BlkioEntry[] = [];
  for (const line of text.split('\n')) {
    const [, major, minor, op = '', value] = /^(\d+):(\d+)(?: ([A-Za-z]+))? (\d+)$/.exec(line) ?? [];
    if (major === undefined || minor === undefined || value === undefined) continue;
    entries.push({ major: BigInt(major), minor: BigInt(minor), op, value: BigInt(value) });
  }
  return entries;
}

/** Lines of `8:16 rbytes=1459200 wbytes=314773504 rios=192 wios=353 dbytes=0 dios=0`; a device may have none. */
function parseIoStat(text: string): BlkioFigures {
  const serviceBytes: BlkioEntry[] = [];
  const serviced: BlkioEntry[] = [];
  for (const line of text.split('\n')) {
    const [, major, minor, rest] = /^(\d+):(\d+) (.*)$/.exec(line) ?? [];
    if (major === undefined || minor === undefined || rest === undefined) continue;
    const device = { major: BigInt(major), minor: BigInt(minor) };
    for (const pair of rest.split(' ')) {
      const [key, digits = ''] = pair.split('=');
      const value = parseCount(digits, 0n);
      if (key === 'rbytes') serviceBytes.push({ ...device, op: 'Read', value });
      if (key === 'wbytes') serviceBytes.push({ ...device, op: 'Write', value });
      if (key === 'rios') serviced.push({ ...device, op: 'Read', value });
      if (key === 'wios') serviced.push({ ...device, op: 'Write', value });
    }
  }
  return { ...none(), serviceBytes, serviced };
}

function none(): Entries {
  return { serviceBytes: [], serviced: [], queued: [], serviceTime: [], waitTime: [], merged: [], time: [], sectors: [] };
}
