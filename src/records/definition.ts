import { RecordsError } from './errors';

/** Where a process's stdio goes; an empty path is the null device. */
export interface StdioPaths {
  readonly stdin: string;
  readonly stdout: string;
  readonly stderr: string;
}

export const KEPT_FORMATS = ['cri', 'raw', 'none'] as const;

/** How output is kept that goes to no path. */
export interface KeptOutput {
  /** `none`: it is not kept, and goes to the null device. */
  readonly format: (typeof KEPT_FORMATS)[number];
  /** 0: the daemon's own limits. */
  readonly maxSizeBytes: number;
  readonly maxFiles: number;
  /** Absent: all lines. */
  readonly rate?: { readonly lines: number; readonly perMs: number } | undefined;
  /** Absent: whatever their age. */
  readonly maxAgeMs?: number | undefined;
  readonly compress?: boolean | undefined;
}

/** The image that a container's root is made of. */
export interface DefinitionImage {
  /** In full, as it was called then. */
  readonly name: string;
  /** The snapshot of its layers; empty: it has none. */
  readonly chain: string;
  /** The number of the signal that ends it, where nobody says another; 0: SIGTERM. */
  readonly stopSignal: number;
}

/** What is to run under a name. */
export interface Definition {
  /** Directory of an OCI bundle; empty where one of the next two is there instead. */
  readonly bundle: string;
  /** A program of the host: its spec, as JSON. */
  readonly hostProgram: string;
  /** A container whose root is somewhere on this host: its OCI spec, as JSON. The bundle is ours. */
  readonly containerSpec: string;
  /** Empty: the daemon's own, with its arguments. */
  readonly runtime: string;
  readonly runtimeArgs: readonly string[];
  readonly noPivot: boolean;
  readonly labels: readonly string[];
  readonly stdio: StdioPaths;
  /** Forgotten at its end. */
  readonly removeAtEnd: boolean;
  /** Absent: as by default. */
  readonly keptOutput: KeptOutput | undefined;
  /** A stdin without a path is open for whoever attaches. Absent: where it has a terminal. */
  readonly openStdin: boolean | undefined;
  /** Sockets that a shim holds under this name are its descriptors from 3 on. Absent: none. */
  readonly heldSockets?: string | undefined;
  /** Absent: the container's root is somewhere on this host. */
  readonly image?: DefinitionImage | undefined;
}

/** As a column holds it. */
export function printDefinition(definition: Definition): string {
  return JSON.stringify(definition);
}

/** What a later version has added is passed over; what is missing has its default. @throws RecordsError `invalid` that names the field */
export function parseDefinition(name: string, column: string): Definition {
  const value = JSON.parse(column) as unknown;
  const fields = objectOf(value, name, 'definition');
  const text = (field: string, of = fields): string => checked(of[field] ?? '', 'string', name, field);
  const texts = (field: string): string[] => {
    const list = fields[field] ?? [];
    if (!Array.isArray(list)) throw invalid(name, field);
    return list.map((each: unknown) => checked(each, 'string', name, field));
  };
  const flag = (field: string): boolean => checked(fields[field] ?? false, 'boolean', name, field);
  const stdio = objectOf(fields['stdio'] ?? {}, name, 'stdio');
  return {
    bundle: text('bundle'),
    hostProgram: text('hostProgram'),
    containerSpec: text('containerSpec'),
    runtime: text('runtime'),
    runtimeArgs: texts('runtimeArgs'),
    noPivot: flag('noPivot'),
    labels: texts('labels'),
    stdio: { stdin: text('stdin', stdio), stdout: text('stdout', stdio), stderr: text('stderr', stdio) },
    removeAtEnd: flag('removeAtEnd'),
    keptOutput: fields['keptOutput'] === undefined ? undefined : keptOutputOf(objectOf(fields['keptOutput'], name, 'keptOutput'), name),
    openStdin: fields['openStdin'] === undefined ? undefined : flag('openStdin'),
    heldSockets: fields['heldSockets'] === undefined ? undefined : text('heldSockets'),
    image: fields['image'] === undefined ? undefined : imageOf(objectOf(fields['image'], name, 'image'), name),
  };
}

function imageOf(fields: Readonly<Record<string, unknown>>, name: string): DefinitionImage {
  return {
    name: checked(fields['name'] ?? '', 'string', name, 'image.name'),
    chain: checked(fields['chain'] ?? '', 'string', name, 'image.chain'),
    stopSignal: checked(fields['stopSignal'] ?? 0, 'number', name, 'image.stopSignal'),
  };
}

function keptOutputOf(fields: Readonly<Record<string, unknown>>, name: string): KeptOutput {
  const number = (field: string): number => checked(fields[field] ?? 0, 'number', name, field);
  const rate = fields['rate'] === undefined ? undefined : objectOf(fields['rate'], name, 'rate');
  return {
    format: KEPT_FORMATS.find((one) => one === fields['format']) ?? 'cri',
    maxSizeBytes: number('maxSizeBytes'),
    maxFiles: number('maxFiles'),
    ...(rate === undefined ? {} : { rate: { lines: checked(rate['lines'], 'number', name, 'rate.lines'), perMs: checked(rate['perMs'], 'number', name, 'rate.perMs') } }),
    ...(fields['maxAgeMs'] === undefined ? {} : { maxAgeMs: number('maxAgeMs') }),
    ...(fields['compress'] === true ? { compress: true } : {}),
  };
}

interface Primitives {
  string: string;
  number: number;
  boolean: boolean;
}

function checked<T extends keyof Primitives>(value: unknown, type: T, name: string, field: string): Primitives[T] {
  if (typeof value !== type) throw invalid(name, field);
  return value as Primitives[T];
}

function objectOf(value: unknown, name: string, field: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(name, field);
  return value as Readonly<Record<string, unknown>>;
}

function invalid(name: string, field: string): RecordsError {
  return new RecordsError('invalid', `the definition of ${JSON.stringify(name)}: ${field}: not what it should be`);
}
