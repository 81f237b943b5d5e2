import { once } from 'node:events';
import { type IncomingMessage, type Server, createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, type Socket, connect } from 'node:net';
import type { Certificate } from './certificate';

/** A proxy of the test's own on the loopback, which leads (CONNECT) to where it is told the names are. */
export class TestProxy {
  /** Where it was to lead to, and the login that it was shown. */
  readonly seen: { readonly target: string; readonly login: string | undefined }[] = [];
  /** Undefined: everybody may use it. */
  login: string | undefined;
  /** What it answers with instead; `undefined`: it leads there. */
  refusal: string | undefined;
  /** Takes connections, and says nothing. */
  isSilent = false;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(private readonly ports: ReadonlyMap<string, number>, private readonly certificate: Certificate | undefined) {
    this.#server = certificate === undefined ? createServer() : createSecureServer(certificate);
    this.#server.on('connect', (request: IncomingMessage, socket: Socket) => { this.#lead(request, socket); });
  }

  /** @param ports by `name:port`, as they are asked for @param certificate it is itself asked by HTTPS */
  static async start(ports: ReadonlyMap<string, number>, certificate?: Certificate): Promise<TestProxy> {
    const proxy = new TestProxy(ports, certificate);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get host(): string {
    return `127.0.0.1:${String((this.#server.address() as AddressInfo).port)}`;
  }

  get origin(): string {
    return `${this.certificate === undefined ? 'http' : 'https'}://${this.host}`;
  }

  /** How many connections it has. */
  get open(): number {
    return [...this.#sockets].filter((socket) => !socket.destroyed).length;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #lead({ url: target = '', headers }: IncomingMessage, socket: Socket): void {
    const shown = headers['proxy-authorization'];
    this.seen.push({ target, login: shown === undefined ? undefined : Buffer.from(shown.replace('Basic ', ''), 'base64').toString() });
    this.#keep(socket);
    if (this.isSilent) {
      // It hears when nobody waits any more.
      socket.resume().on('end', () => { socket.destroy(); });
      return;
    }
    const port = this.ports.get(target);
    const isLetIn = this.login === undefined || this.seen.at(-1)?.login === this.login;
    const refusal = this.refusal ?? (!isLetIn ? '407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="test"' : port === undefined ? '502 Bad Gateway' : undefined);
    if (refusal !== undefined || port === undefined) {
      socket.end(`HTTP/1.1 ${refusal ?? ''}\r\nContent-Length: 4\r\n\r\nnone`);
      return;
    }
    const onwards = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      socket.pipe(onwards).pipe(socket);
    });
    this.#keep(onwards);
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    // A side that has gone, or has never been there, ends the other.
    socket.on('error', () => { socket.destroy(); });
  }
}
