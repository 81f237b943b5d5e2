import { type ClientRequest, request } from 'node:http';
import type * as https from 'node:https';
import { type LookupFunction, type Socket, isIP } from 'node:net';
import type { SecureContext } from 'node:tls';
import { RegistryFailure, networkWords } from './failure';
import { hostOf, portOf } from './proxies';

export interface TunnelOptions {
  readonly lookup: LookupFunction;
  /** Whom this machine trusts: a proxy that is itself asked by HTTPS is looked at as any server. */
  readonly secureContext: SecureContext;
  readonly signal: AbortSignal;
}

/** Statuses of a proxy that may be over in a moment: it is restarted, or cannot reach the server just now. */
const transient: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** A connection to a server by way of a proxy (CONNECT: RFC 9110, 9.3.6), in which the server is spoken to as ever: the proxy sees its name, and no more. @throws RegistryFailure */
export async function tunnelTo(server: URL, proxy: URL, { lookup, secureContext, signal }: TunnelOptions): Promise<Socket> {
  const target = `${server.hostname}:${portOf(server)}`;
  const place = `the proxy ${proxy.origin}`;
  const login = loginOf(proxy);
  const host = hostOf(proxy);
  const options = {
    // The name of its certificate: Node would take that of the header.
    secureContext, servername: isIP(host) === 0 ? host : '',
    method: 'CONNECT', host, port: portOf(proxy), path: target, agent: false, lookup, signal,
    headers: { host: target, 'user-agent': 'holdfast', ...(login === undefined ? {} : { 'proxy-authorization': login }) },
  };
  const asked = proxy.protocol === 'https:' ? secure().request(options) : request(options);
  asked.end();
  try {
    const { status, socket, more } = await answerOf(asked);
    if (status === 200 && more === 0) return socket;
    socket.destroy();
    if (status === 200) throw new RegistryFailure('registry', `${place}: it has said more than that ${target} is reached`);
    const isLogin = status === 407;
    const why = isLogin ? ` (it ${login === undefined ? 'wants a login' : 'does not take the login'} of the daemon's HTTPS_PROXY)` : '';
    throw new RegistryFailure(isLogin || status === 403 ? 'denied' : 'registry', `${place} does not lead to ${target}: status ${String(status)}${why}`, { isTransient: transient.has(status) });
  } catch (error) {
    asked.destroy();
    throw error instanceof RegistryFailure ? error : new RegistryFailure('registry', `${place}: ${networkWords(error)}`, { cause: error });
  }
}

interface ProxyAnswer {
  readonly status: number;
  readonly socket: Socket;
  /** Bytes that have come behind the head: the server has nothing to say before it is asked. */
  readonly more: number;
}

/** Whatever its status is, an answer to CONNECT comes so, and never as a response. */
function answerOf(asked: ClientRequest): Promise<ProxyAnswer> {
  return new Promise((resolve, reject) => {
    asked.once('connect', ({ statusCode = 0 }, socket: Socket, head: Buffer) => { resolve({ status: statusCode, socket, more: head.length }); });
    asked.on('error', reject);
  });
}

/** Basic (RFC 7617); undefined where the address has none. */
function loginOf({ username, password }: URL): string | undefined {
  if (username === '' && password === '') return undefined;
  return `Basic ${Buffer.from(`${plain(username)}:${plain(password)}`).toString('base64')}`;
}

/** A `%` that begins no byte is one itself. */
function plain(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** An import would load TLS at the start. */
function secure(): typeof https {
  return require('node:https') as typeof https;
}
