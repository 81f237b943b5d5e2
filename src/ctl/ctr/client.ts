import { APIService, type Event, EventsRequest, type StateResponse } from '../../api/gen/legacy/api';
import type { Address } from '../daemon/address';
import { daemonError } from '../daemon/daemon-error';
import type { Method } from '../grpc/call';
import { Channel } from '../grpc/channel';
import { MessageStream } from '../daemon/message-stream';

/** The API of containerd 0.2 (proto/legacy), which the forms of its own command line are about. Rejects with a CtlError. */
export class LegacyClient {
  readonly #channel: Channel;
  readonly #address: Address;

  /** Connects at the first call. */
  constructor(address: Address) {
    this.#address = address;
    this.#channel = new Channel(address.path);
  }

  /** One call with one answer. An aborted `signal` takes it back. */
  async ask<Request, Response>(method: Method<Request, Response>, request: Request, signal?: AbortSignal): Promise<Response> {
    try {
      return await this.#channel.unary(method, request, { signal });
    } catch (error) {
      throw daemonError(error, this.#address.target);
    }
  }

  /** @param id empty: all containers */
  state(id = ''): Promise<StateResponse> {
    return this.ask(APIService.state, { id });
  }

  events(request: Partial<EventsRequest> = {}): MessageStream<Event> {
    return new MessageStream(this.#channel.stream(APIService.events, { ...EventsRequest.create(), ...request }), (error) => daemonError(error, this.#address.target));
  }

  /** May be called twice. */
  close(): void {
    this.#channel.close();
  }
}
