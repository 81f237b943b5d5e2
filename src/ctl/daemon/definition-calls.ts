import type { Progress } from '../../api/gen/holdfast/v1/containers';
import { type AvailableProcess, DefinitionsService, type RereadResponse, type UpdateRequest, type UpdateResponse } from '../../api/gen/holdfast/v1/definitions';
import type { Method } from '../grpc/call';
import type { MessageStream } from './message-stream';

/** How a client of the daemon makes its calls: what they fail with is a CtlError. */
export interface Caller {
  ask<Request, Response>(method: Method<Request, Response>, request: Request): Promise<Response>;
  stream<Request, Response>(method: Method<Request, Response>, request: Request): MessageStream<Response>;
}

/** The calls of holdfast.v1.Definitions. Every method rejects with a CtlError. */
export class DefinitionCalls {
  constructor(private readonly caller: Caller) {}

  reread(): Promise<RereadResponse> {
    return this.caller.ask(DefinitionsService.reread, {});
  }

  update(request: UpdateRequest): MessageStream<UpdateResponse> {
    return this.caller.stream(DefinitionsService.update, request);
  }

  async available(): Promise<readonly AvailableProcess[]> {
    return (await this.caller.ask(DefinitionsService.available, {})).processes;
  }

  async add(group: string): Promise<void> {
    await this.caller.ask(DefinitionsService.add, { group });
  }

  async withdraw(group: string): Promise<void> {
    await this.caller.ask(DefinitionsService.withdraw, { group });
  }

  scale(name: string, count: number): MessageStream<Progress> {
    return this.caller.stream(DefinitionsService.scale, { name, count });
  }

  /** Keeps a program running that no file defines: how its start went. @param toml a definition file of it alone */
  define(toml: string): MessageStream<Progress> {
    return this.caller.stream(DefinitionsService.define, { toml });
  }

  async reload(name: string): Promise<void> {
    await this.caller.ask(DefinitionsService.reload, { name });
  }

  /** The definition in use, as TOML. */
  async show(name: string): Promise<string> {
    return (await this.caller.ask(DefinitionsService.show, { name })).toml;
  }
}
