import { within } from '../../sys/within';
import type { ProcessDefinition } from '../definitions/definition';
import { removeEnded } from './ended-run';
import type { EngineParts } from './parts';
import { secretFilesOf } from './run';

/** A shim that does not say that it has let go is waited for no longer. */
const letGoMs = 1000;

/** What a program has beside its process: sockets that it listens on and reports to, secrets that are files, the way to an event listener. */
export class Belongings {
  /** Also where it has none any more. */
  #hasSecrets = false;
  /** The last run of which nothing is left. */
  #cleared: number | undefined;

  constructor(private readonly parts: EngineParts, private readonly name: string, private readonly onError: (error: unknown) => void) {}

  /** By this definition it may have some. */
  define(process: ProcessDefinition): void {
    this.#hasSecrets ||= secretFilesOf(process).length > 0;
    this.parts.listeners.define(process);
  }

  /** Its run is over, and that is written down: nothing of it is needed any more. */
  endRun(generation: number): void {
    if (generation !== this.#cleared) removeEnded(this.parts, this.name, generation).catch(this.onError);
    this.#cleared = generation;
    this.#letGo();
  }

  #letGo(): void {
    if (this.#hasSecrets) this.parts.credentials.remove(this.name).catch(this.onError);
    this.parts.listeners.shut(this.name);
  }

  /** It is to be down: nobody is to wait for it. Settles once its addresses are free, or soon after. Never rejects. */
  async freeAddresses(): Promise<void> {
    await within(letGoMs, this.parts.listening.close(this.name).catch(this.onError), undefined);
  }

  /** It is forgotten. Settles and never rejects as {@link freeAddresses}. */
  async forget(): Promise<void> {
    this.#letGo();
    this.parts.notify.close(this.name);
    this.parts.listeners.forget(this.name);
    await this.freeAddresses();
  }
}
