import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { type JsonObject, parseJson, printJson } from '../../src/runtime/json';

/** A configuration as an old dockerd wrote it, or one with every old form in it. */
export interface OldSpec {
  readonly name: string;
  /** The JSON, byte for byte: numbers of 64 bits and all. */
  readonly text: string;
}

/** Everything that {@link fitToThisHost} changes. */
export interface Fitting {
  /** Relative paths are the bundle's, as other clients have them. */
  readonly rootfs: string;
  /** Below the root of each controller. */
  readonly cgroupsPath: string;
  /** Default: the recorded command. */
  readonly args?: readonly string[];
}

const fixtures = join(__dirname, '../fixtures');

/** The recorded configurations, and the one with every old form. */
export function oldSpecs(): OldSpec[] {
  return ['oci-spec', 'oci-spec-forms'].flatMap((directory) =>
    readdirSync(join(fixtures, directory)).map((name) => ({ name, text: readFileSync(join(fixtures, directory, name), 'utf8') })),
  );
}

/** The text with what only its own host had replaced: the root, the files of dockerd that it mounts, the cgroup. */
export function fitToThisHost(text: string, { rootfs, cgroupsPath, args }: Fitting): string {
  const spec = parseJson(text) as JsonObject;
  const { process, mounts, linux } = spec as { process: JsonObject; mounts: { source: string }[]; linux: JsonObject };
  return printJson({
    ...spec,
    process: args === undefined ? process : { ...process, args },
    root: { path: rootfs },
    mounts: mounts.filter(({ source }) => !source.startsWith('/var/lib/docker')),
    linux: { ...linux, cgroupsPath },
  });
}
