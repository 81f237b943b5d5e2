import { isAbsolute } from 'node:path';
import { type Definition, KEPT_FORMATS, type KeptOutput, type StdioPaths } from '../../records/definition';
import { LEAST_SIZE_BYTES, MOST_FILES } from '../../runtime/kept-output/kept-output';
import { parseJson } from '../../runtime/json';
import { messageOf } from '../../sys/thrown';
import type * as messages from '../gen/holdfast/v1/containers';
import { RequestError } from '../errors';

/** A definition, checked; what its image says is not yet in it. @throws RequestError */
export function definitionOf(message: messages.Definition): Definition {
  const hostProgram = Buffer.from(message.host_program).toString('utf8');
  const containerSpec = Buffer.from(message.container_spec).toString('utf8');
  const { bundle } = message;
  if ([bundle, hostProgram, containerSpec].filter((text) => text !== '').length !== 1) {
    throw new RequestError('a definition has either a bundle, or the spec of a container, or a program of the host', 'definition');
  }
  if (hostProgram !== '') parsed('definition.host_program', hostProgram);
  const spec = containerSpec === '' ? undefined : parsed('definition.container_spec', containerSpec);
  if (message.image === undefined) {
    if (spec !== undefined) checkRoot(spec);
  } else if (containerSpec === '' || message.image.name === '') {
    throw new RequestError('a container of an image has the name of the image and a container_spec', 'definition.image');
  }
  return {
    bundle: bundle === '' ? '' : absolutePath('definition.bundle', bundle),
    hostProgram,
    containerSpec,
    runtime: message.runtime,
    runtimeArgs: [...message.runtime_args],
    noPivot: message.no_pivot,
    labels: [...message.labels],
    stdio: stdioOf(message.stdio ?? { stdin: '', stdout: '', stderr: '' }),
    removeAtEnd: message.remove_at_end,
    keptOutput: message.kept_output && keptOutputOf(message.kept_output),
    openStdin: message.open_stdin,
  };
}

function keptOutputOf({ format, max_size_bytes: maxSizeBytes, max_files: maxFiles }: messages.KeptOutput): KeptOutput {
  const known = format === '' ? 'cri' : KEPT_FORMATS.find((one) => one === format);
  if (known === undefined) throw new RequestError(`definition.kept_output.format must be one of ${KEPT_FORMATS.join(', ')}: ${JSON.stringify(format)}`, 'definition.kept_output.format');
  if (maxSizeBytes !== 0n && (maxSizeBytes < LEAST_SIZE_BYTES || maxSizeBytes > Number.MAX_SAFE_INTEGER)) {
    throw new RequestError(`definition.kept_output.max_size_bytes must be at least ${String(LEAST_SIZE_BYTES)}: ${String(maxSizeBytes)}`, 'definition.kept_output.max_size_bytes');
  }
  if (maxFiles > MOST_FILES) throw new RequestError(`definition.kept_output.max_files must be at most ${String(MOST_FILES)}: ${String(maxFiles)}`, 'definition.kept_output.max_files');
  return { format: known, maxSizeBytes: Number(maxSizeBytes), maxFiles };
}

/** What is in it is looked at when it is started, as a bundle's is. */
function parsed(field: string, json: string): unknown {
  try {
    return parseJson(json);
  } catch (cause) {
    throw new RequestError(`${field}: ${messageOf(cause)}`, field);
  }
}

/** A relative one would be in a bundle of the daemon's, where there is none. */
function checkRoot(spec: unknown): void {
  const root: unknown = typeof spec === 'object' && spec !== null && 'root' in spec ? spec.root : undefined;
  const path: unknown = typeof root === 'object' && root !== null && 'path' in root ? root.path : undefined;
  absolutePath('definition.container_spec: root.path', typeof path === 'string' ? path : '');
}

/** Paths of stdio, absolute or empty. @throws RequestError */
export function stdioOf({ stdin, stdout, stderr }: messages.Stdio): StdioPaths {
  const path = (field: string, value: string): string => (value === '' ? '' : absolutePath(field, value));
  return { stdin: path('stdin', stdin), stdout: path('stdout', stdout), stderr: path('stderr', stderr) };
}

function absolutePath(field: string, value: string): string {
  if (!isAbsolute(value) || value.includes('\0')) throw new RequestError(`${field} must be an absolute path: ${JSON.stringify(value)}`, field);
  return value;
}
