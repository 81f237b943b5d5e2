import { messageOf } from '../../sys/thrown';
import { digestProblem } from '../content/digest';
import type { Descriptor } from '../descriptor';
import { ImagesError } from '../errors';

export const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';
export const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
export const DOCKER_INDEX = 'application/vnd.docker.distribution.manifest.list.v2+json';
export const DOCKER_MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';
export const DOCKER_CONFIG = 'application/vnd.docker.container.image.v1+json';
const OCI_CONFIG = 'application/vnd.oci.image.config.v1+json';
export const DOCKER_LAYER = 'application/vnd.docker.image.rootfs.diff.tar';

/** Manifests and configurations are read whole: more is none, but somebody's who wants our memory. Bytes. */
export const MOST_JSON_BYTES = 4 << 20;

export function isIndex({ mediaType }: Descriptor): boolean {
  return mediaType === OCI_INDEX || mediaType === DOCKER_INDEX;
}

export function isManifest({ mediaType }: Descriptor): boolean {
  return mediaType === OCI_MANIFEST || mediaType === DOCKER_MANIFEST;
}

/** Artifacts of other kinds have manifests, too. */
export function isConfig({ mediaType }: Descriptor): boolean {
  return mediaType === OCI_CONFIG || mediaType === DOCKER_CONFIG;
}

/** A descriptor in an index or a manifest, with the machine that it is for, where it says so. */
export interface PlacedDescriptor extends Descriptor {
  readonly platform: { readonly os: string; readonly architecture: string; readonly variant: string } | undefined;
}

/** What an image is run with, and of which layers it is (OCI image specification, "Image Configuration"). */
export interface ImageConfig {
  readonly architecture: string;
  readonly diffIds: readonly string[];
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly env: readonly string[];
  readonly user: string;
  readonly workingDir: string;
  readonly volumes: readonly string[];
  readonly stopSignal: string;
}

/** Reads a document field by field, and names the field that is not as it must be. */
export class JsonFields {
  private constructor(private readonly value: Readonly<Record<string, unknown>>, private readonly what: string) {}

  /** @param what names the document in errors @throws ImagesError `invalid` */
  static parse(bytes: Uint8Array, what: string): JsonFields {
    return JsonFields.of(parsed(bytes, what), what);
  }

  /** A document that is a list of objects. @throws ImagesError `invalid` */
  static parseList(bytes: Uint8Array, what: string): readonly JsonFields[] {
    return new JsonFields({ list: parsed(bytes, what) }, what).objects('list');
  }

  static of(value: unknown, what: string): JsonFields {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new ImagesError('invalid', `${what}: not an object`);
    return new JsonFields(value as Readonly<Record<string, unknown>>, what);
  }

  /** One that is not there is empty. */
  text(field: string): string {
    const found = this.value[field] ?? '';
    if (typeof found !== 'string') throw this.#wrong(field);
    return found;
  }

  /** Undefined where it is not there. */
  number(field: string): number | undefined {
    const found = this.value[field];
    if (found !== undefined && typeof found !== 'number') throw this.#wrong(field);
    return found;
  }

  texts(field: string): readonly string[] {
    return this.#list(field).map((one) => {
      if (typeof one !== 'string') throw this.#wrong(field);
      return one;
    });
  }

  /** The names of its members. */
  get names(): readonly string[] {
    return Object.keys(this.value);
  }

  object(field: string): JsonFields {
    return JsonFields.of(this.value[field] ?? {}, `${this.what}: ${field}`);
  }

  objects(field: string): readonly JsonFields[] {
    return this.#list(field).map((one, at) => JsonFields.of(one, `${this.what}: ${field}[${String(at)}]`));
  }

  descriptor(): PlacedDescriptor {
    const digest = this.text('digest');
    const size = this.value['size'];
    if (digestProblem(digest) !== undefined || !digest.startsWith('sha256:')) throw this.#wrong('digest');
    if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) throw this.#wrong('size');
    const annotations = this.object('annotations');
    const platform = this.value['platform'] === undefined ? undefined : this.object('platform');
    return {
      mediaType: this.text('mediaType'),
      digest,
      size,
      annotations: new Map(annotations.names.map((name) => [name, annotations.text(name)])),
      platform: platform && { os: platform.text('os'), architecture: platform.text('architecture'), variant: platform.text('variant') },
    };
  }

  #list(field: string): readonly unknown[] {
    const found = this.value[field] ?? [];
    if (!Array.isArray(found)) throw this.#wrong(field);
    return found;
  }

  #wrong(field: string): ImagesError {
    return new ImagesError('invalid', `${this.what}: ${shown(field)}: not what it should be`);
  }
}

/** What a document says itself, for a message: on one line, not too long, and without what a terminal would take for an order. */
export function shown(text: string): string {
  return text.slice(0, 200).replaceAll(/\p{Cc}/gu, '?');
}

function parsed(bytes: Uint8Array, what: string): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch (cause) {
    throw new ImagesError('invalid', `${what}: ${shown(messageOf(cause))}`, { cause });
  }
}

/** @throws ImagesError `invalid` */
export function configOf(bytes: Uint8Array): ImageConfig {
  const fields = JsonFields.parse(bytes, "the image's configuration");
  const config = fields.object('config');
  return {
    architecture: fields.text('architecture'),
    diffIds: fields.object('rootfs').texts('diff_ids'),
    entrypoint: config.texts('Entrypoint'),
    cmd: config.texts('Cmd'),
    env: config.texts('Env'),
    user: config.text('User'),
    workingDir: config.text('WorkingDir'),
    volumes: config.object('Volumes').names,
    stopSignal: config.text('StopSignal'),
  };
}

/** What this machine runs, as images name it. */
export const ownArchitecture = process.arch === 'x64' ? 'amd64' : process.arch === 'ia32' ? '386' : process.arch;
