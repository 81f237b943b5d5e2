import { type ClientUnaryCall, type ServiceError, credentials } from '@grpc/grpc-js';
import { APIClient, type Event, EventsRequest, type StateResponse } from '../../api/gen/legacy/api';
import type { Address } from '../address';
import { daemonError } from '../daemon-error';
import { MessageStream } from '../message-stream';

type Answer<T> = (error: ServiceError | null, response: T) => void;

/** The API of containerd 0.2 (proto/legacy), which the forms of its own command line are about. Rejects with a CtlError. */
export class LegacyClient {
  readonly #api: APIClient;
  readonly #address: Address;

  /** Connects at the first call. */
  constructor(address: Address) {
    this.#address = address;
    this.#api = new APIClient(address.target, credentials.createInsecure(), { 'grpc.enable_http_proxy': 0, 'grpc.enable_retries': 0, 'grpc.max_receive_message_length': -1 });
  }

  /** One call with one answer. An aborted `signal` takes it back. */
  ask<T>(call: (api: APIClient, answer: Answer<T>) => ClientUnaryCall, signal?: AbortSignal): Promise<T> {
    return new Promise((resolve, reject) => {
      const started = call(this.#api, (error, response) => {
        if (error === null) resolve(response);
        else reject(daemonError(error, this.#address.target));
      });
      signal?.addEventListener('abort', () => { started.cancel(); });
    });
  }

  /** @param id empty: all containers */
  state(id = ''): Promise<StateResponse> {
    return this.ask((api, answer) => api.state({ id }, answer));
  }

  events(request: Partial<EventsRequest> = {}): MessageStream<Event> {
    return new MessageStream(this.#api.events({ ...EventsRequest.create(), ...request }), (error) => daemonError(error, this.#address.target));
  }

  /** May be called twice. */
  close(): void {
    this.#api.close();
  }
}
