import { Client, credentials, Metadata, status } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';

import type { Container } from '../../src/api/gen/containerd/services/containers/v1/containers';

/** A method as ts-proto describes it. */
export interface Method<Request, Answer> {
  readonly path: string;
  readonly requestSerialize: (request: Request) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => Answer;
}

const limitMs = 30_000;

/** A client of the containerd API: each call with the namespace header that is asked for. */
export class ContainerdClient {
  readonly #client: Client;

  constructor(socketPath: string) {
    this.#client = new Client(`unix:${socketPath}`, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1, 'grpc.max_receive_message_length': 16 << 20 });
  }

  /** @param namespace the header's value; undefined: no header. Rejects with grpc-js' `ServiceError` */
  ask<Request, Answer>(method: Method<Request, Answer>, request: Request, namespace?: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const answer = (error: ServiceError | null, value?: Answer): void => {
        if (error === null && value !== undefined) resolve(value);
        else reject(error ?? new Error('no answer'));
      };
      const options = { deadline: Date.now() + limitMs };
      this.#client.makeUnaryRequest(method.path, method.requestSerialize, method.responseDeserialize, request, headers(namespace), options, answer);
    });
  }

  /** All that a stream answers with. */
  all<Request, Answer>(method: Method<Request, Answer>, request: Request, namespace?: string): Promise<Answer[]> {
    return new Promise((resolve, reject) => {
      const options = { deadline: Date.now() + limitMs };
      const stream = this.#client.makeServerStreamRequest(method.path, method.requestSerialize, method.responseDeserialize, request, headers(namespace), options);
      const answers: Answer[] = [];
      stream.on('data', (answer: Answer) => answers.push(answer));
      stream.on('error', reject);
      stream.on('end', () => { resolve(answers); });
    });
  }

  /** A stream that stays open; each answer goes to `take`. Resolves when its headers have come, and rejects where it is refused. */
  follow<Request, Answer>(method: Method<Request, Answer>, request: Request, take: (answer: Answer) => void): Promise<{ close(): void }> {
    return new Promise((resolve, reject) => {
      const stream = this.#client.makeServerStreamRequest(method.path, method.requestSerialize, method.responseDeserialize, request);
      stream.on('data', take);
      // After the headers: it was closed, or its daemon has died, which its calls tell.
      stream.on('error', reject);
      stream.once('metadata', () => { resolve({ close: () => { stream.cancel(); } }); });
    });
  }

  /** `<code> <text>` of a call that must fail. */
  async refusal<Request, Answer>(method: Method<Request, Answer>, request: Request, namespace?: string): Promise<string> {
    try {
      await this.ask(method, request, namespace);
    } catch (error) {
      const { code, details } = error as ServiceError;
      return `${String(code)} ${details}`;
    }
    return status[status.OK];
  }

  close(): void {
    this.#client.close();
  }
}

function headers(namespace: string | undefined): Metadata {
  const metadata = new Metadata();
  if (namespace !== undefined) metadata.set('containerd-namespace', namespace);
  return metadata;
}

/** A container's record, with the spec that is given. */
export function containerOf(id: string, spec: object, more: Partial<Container> = {}): Container {
  return {
    id,
    labels: new Map(),
    image: '',
    runtime: { name: 'io.containerd.runc.v2', options: undefined },
    spec: { type_url: 'types.containerd.io/opencontainers/runtime-spec/1/Spec', value: Buffer.from(JSON.stringify(spec)) },
    snapshotter: '',
    snapshot_key: '',
    created_at: undefined,
    updated_at: undefined,
    extensions: new Map(),
    sandbox: '',
    ...more,
  };
}
