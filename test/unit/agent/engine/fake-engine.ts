import type { EngineParts } from '../../../../src/agent/engine/parts';
import { Peers } from '../../../../src/agent/engine/peers';
import { RecordsError } from '../../../../src/records/errors';
import { SupervisorError } from '../../../../src/supervisor/errors';
import { Turns } from '../../../../src/sys/turns';
import { start } from '../machine/policies';

/** An engine's parts with a store that may refuse, on a host where nothing runs. */
export class FakeEngine {
  /** What is written down. */
  readonly texts = new Map<string, string>();
  /** Tries to write. */
  puts = 0;
  refuses = false;
  readonly errors: string[] = [];
  readonly parts: EngineParts;

  constructor() {
    const put = ({ name, text }: { readonly name: string; readonly text: string }): Promise<void> => {
      this.puts += 1;
      if (this.refuses) return Promise.reject(new RecordsError('failed', 'the disk is full'));
      this.texts.set(name, text);
      return Promise.resolve();
    };
    const nothing = (): undefined => undefined;
    this.parts = {
      programs: {
        supervisor: { request: (kind: string) => (kind === 'getContainers' ? Promise.resolve([]) : Promise.reject(new SupervisorError('container-not-found', { id: 'x' }))) },
        definitions: { find: nothing },
        turns: new Turns(),
        publisher: { tell: nothing },
        log: { error: (_: object, message: string) => { this.errors.push(message); }, warn: nothing, info: nothing, debug: nothing },
      },
      states: { find: (name: string) => this.texts.get(name) },
      news: { isTold: false, close: nothing, putState: (name: string, text: string | undefined) => (text === undefined ? Promise.resolve() : put({ name, text })) },
      listeners: { define: nothing, shut: nothing, forget: nothing, close: nothing },
      peers: new Peers(),
      credentials: { remove: () => Promise.resolve() },
      listening: { close: () => Promise.resolve() },
      notify: { close: nothing, closeAll: nothing },
      now: () => ({ ...start, bootMs: start.bootMs + Date.now(), wallMs: start.wallMs + Date.now() }),
      random: () => 0.5,
      // Nothing of the rest comes into play where nothing runs.
    } as unknown as EngineParts;
  }
}
