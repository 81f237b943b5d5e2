import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import type { Io, Input, Output } from '../../../../src/ctl/tool';

class FakeInput extends PassThrough implements Input {
  isTTY = false;
  readonly rawModes: boolean[] = [];

  setRawMode(raw: boolean): void {
    this.rawModes.push(raw);
  }
}

class FakeOutput extends PassThrough implements Output {
  isTTY = false;
  columns = 100;
  rows = 40;
  #text = '';

  constructor() {
    super();
    this.on('data', (chunk: Buffer) => {
      this.#text += chunk.toString();
      this.emit('text');
    });
  }

  get text(): string {
    return this.#text;
  }

  /** Resolves when the text that has been written so far holds `wanted`. */
  async holds(wanted: string): Promise<void> {
    while (!this.#text.includes(wanted)) await new Promise((resolve) => this.once('text', resolve));
  }
}

/** The terminal and the signals of a process that is none. */
export class FakeIo implements Io {
  readonly stdin = new FakeInput();
  readonly stdout = new FakeOutput();
  readonly stderr = new FakeOutput();
  readonly env: Record<string, string> = { TERM: 'vt100' };
  /** How often a signal has lost its last listener: from then on it would end the process, or be lost. */
  deafened = 0;
  readonly #signals = new EventEmitter();

  onSignal(name: NodeJS.Signals, listener: () => void): () => void {
    this.#signals.on(name, listener);
    return () => {
      this.#signals.off(name, listener);
      if (this.listeners(name) === 0) this.deafened += 1;
    };
  }

  raise(name: NodeJS.Signals): void {
    this.#signals.emit(name);
  }

  listeners(name: NodeJS.Signals): number {
    return this.#signals.listenerCount(name);
  }

  get lines(): string[] {
    return this.stdout.text.split('\n').slice(0, -1);
  }
}
