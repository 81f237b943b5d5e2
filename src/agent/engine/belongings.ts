import { within } from '../../sys/within';
import type { ProcessDefinition } from '../definitions/definition';
import type { EngineParts } from './parts';
import { secretFilesOf } from './run';

/** A shim that does not say that it has let go is waited for no longer. */
const letGoMs = 1000;

/** What a program has beside its process: sockets that it listens on and reports to, secrets that are files, the way to an event listener. */
export class Belongings {
  /** Also where it has none any more. */
  #hasSecrets = false;

  constructor(private readonly parts: EngineParts, private readonly name: string, private readonly onError: (error: unknown) => void) {}

  /** By this definition it may have some. */
  define(process: ProcessDefinition): void {
    this.#hasSecrets ||= secretFilesOf(process).length > 0;
    this.parts.listeners.define(process);
  }

  /** Nothing of its run is there any more. */
  endRun(): void {
    if (this.#hasSecrets) this.parts.credentials.remove(this.name).catch(this.onError);
    this.parts.listeners.shut(this.name);
  }

  /** It is to be down: nobody is to wait for it. Settles once its addresses are free, or soon after. Never rejects. */
  async freeAddresses(): Promise<void> {
    await within(letGoMs, this.parts.listening.close(this.name).catch(this.onError), undefined);
  }

  /** It is forgotten. Settles and never rejects as {@link freeAddresses}. */
  async forget(): Promise<void> {
    this.endRun();
    this.parts.notify.close(this.name);
    this.parts.listeners.forget(this.name);
    await this.freeAddresses();
  }
}
