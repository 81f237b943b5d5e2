import { Client, credentials, Metadata, status } from '@grpc/grpc-js';
import type { ClientDuplexStream, ServiceError } from '@grpc/grpc-js';

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

  /** @param namespace the header's value; undefined: no header @param lease that of the lease's. Rejects with grpc-js' `ServiceError` */
  ask<Request, Answer>(method: Method<Request, Answer>, request: Request, namespace?: string, lease?: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const answer = (error: ServiceError | null, value?: Answer): void => {
        if (error === null && value !== undefined) resolve(value);
        else reject(error ?? new Error('no answer'));
      };
      const options = { deadline: Date.now() + limitMs };
      this.#client.makeUnaryRequest(method.path, method.requestSerialize, method.responseDeserialize, request, headers(namespace, lease), options, answer);
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
  async refusal<Request, Answer>(method: Method<Request, Answer>, request: Request, namespace?: string, lease?: string): Promise<string> {
    try {
      await this.ask(method, request, namespace, lease);
    } catch (error) {
      const { code, details } = error as ServiceError;
      return `${String(code)} ${details}`;
    }
    return status[status.OK];
  }

  /** A stream both ways. @param lease the header's value */
  duplex<Request, Answer>(method: Method<Request, Answer>, namespace?: string, lease?: string): DuplexCall<Request, Answer> {
    return new DuplexCall(this.#client.makeBidiStreamRequest(method.path, method.requestSerialize, method.responseDeserialize, headers(namespace, lease), { deadline: Date.now() + limitMs }));
  }

  close(): void {
    this.#client.close();
  }
}

/** A stream both ways, whose server answers each request. */
export class DuplexCall<Request, Answer> {
  readonly #answers: Answer[] = [];
  #status: string | undefined;
  #wake: () => void = () => undefined;

  constructor(private readonly stream: ClientDuplexStream<Request, Answer>) {
    stream.on('data', (answer: Answer) => {
      this.#answers.push(answer);
      this.#wake();
    });
    stream.on('error', () => undefined);
    stream.on('status', ({ code, details }: { code: number; details: string }) => {
      this.#status = code === 0 ? status[status.OK] : `${String(code)} ${details}`;
      this.#wake();
    });
  }

  /** Its answer; or the status that the stream has ended with instead, as `<code> <text>`. */
  async send(request: Request): Promise<Answer | string> {
    this.stream.write(request);
    while (this.#answers.length === 0 && this.#status === undefined) await new Promise<void>((resolve) => { this.#wake = resolve; });
    return this.#answers.shift() ?? this.#status ?? '';
  }

  /** No more requests: what else is answered, and the status. */
  async end(): Promise<{ readonly answers: readonly Answer[]; readonly status: string }> {
    this.stream.end();
    while (this.#status === undefined) await new Promise<void>((resolve) => { this.#wake = resolve; });
    return { answers: this.#answers, status: this.#status };
  }

  /** Goes away. */
  cancel(): void {
    this.stream.cancel();
  }
}

function headers(namespace: string | undefined, lease?: string): Metadata {
  const metadata = new Metadata();
  if (lease !== undefined) metadata.set('containerd-lease', lease);
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
