import { get } from 'node:http';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

import { DeadlineError, patienceMs } from './deadline';

/** The daemon's figures as Prometheus reads them. */
export class Figures {
  private constructor(readonly address: string) {}

  /** An address of this machine that nobody listens on, for `--metrics-address`. */
  static async onFreePort(): Promise<Figures> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    return new Figures(`127.0.0.1:${String(port)}`);
  }

  /** The figure of that name. Rejects where there is none. */
  async read(name: string): Promise<number> {
    const page = await this.#page();
    const value = page
      .split('\n')
      .find((line) => line.startsWith(`${name} `))
      ?.slice(name.length + 1);
    if (value === undefined) throw new Error(`no figure ${name}`);
    return Number(value);
  }

  /** Resolves when the figure has that value. A page tells nobody of its changes: it is read again and again. */
  until(name: string, value: number, deadlineMs = patienceMs): Promise<void> {
    return this.#untilSo(name, String(value), (seen) => seen === value, deadlineMs);
  }

  /** The same, for what is not to have grown: when it was read before, something may have been about to go. */
  untilAtMost(name: string, value: number, deadlineMs = patienceMs): Promise<void> {
    return this.#untilSo(name, `at most ${String(value)}`, (seen) => seen <= value, deadlineMs);
  }

  async #untilSo(name: string, what: string, isSo: (seen: number) => boolean, deadlineMs: number): Promise<void> {
    const tooLate = Date.now() + deadlineMs;
    for (let seen = await this.read(name); !isSo(seen); seen = await this.read(name)) {
      if (Date.now() > tooLate) throw new DeadlineError(`${name} ${what}`, deadlineMs, `it is ${String(seen)}`);
    }
  }

  /** On a connection of its own each time, so that the daemon always has the same number of them open for it. */
  #page(): Promise<string> {
    return new Promise((resolve, reject) => {
      const request = get(`http://${this.address}/metrics`, { agent: false }, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (text += chunk));
        response.on('end', () => {
          resolve(text);
        });
      });
      request.on('error', reject);
    });
  }
}
