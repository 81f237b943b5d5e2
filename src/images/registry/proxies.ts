import { BlockList, isIP, isIPv6 } from 'node:net';
import { isOfThisMachine } from './endpoint';
import { RegistryFailure } from './failure';

export type ProxyEnvironment = Readonly<Record<string, string | undefined>>;

/**
 * Which proxy a server is asked by, as Docker and containerd have it: by `HTTPS_PROXY`, `NO_PROXY` and the same in small letters, as golang.org/x/net/http/httpproxy
 * reads them. `HTTP_PROXY` leads nowhere: what is not encrypted is asked of this machine alone, and that by no proxy.
 */
export class Proxies {
  readonly #text: string;
  readonly #exceptions: readonly ((url: URL) => boolean)[];

  constructor(environment: ProxyEnvironment) {
    this.#text = variable(environment, 'HTTPS_PROXY').trim();
    this.#exceptions = variable(environment, 'NO_PROXY').split(',').map((part) => exceptionOf(part.trim().toLowerCase())).filter((one) => one !== undefined);
  }

  /** Undefined: it is asked itself. @throws RegistryFailure where what was said is no proxy; the message has nothing of it, as there may be a password in it */
  of(url: URL): URL | undefined {
    if (this.#text === '' || url.protocol !== 'https:' || isOfThisMachine(url) || this.#exceptions.some((isOne) => isOne(url))) return undefined;
    // `proxy.example:3128` is a URL, too: one whose protocol is the host's name.
    const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(this.#text) ? this.#text : `http://${this.#text}`;
    const proxy = URL.canParse(text) ? new URL(text) : undefined;
    if (proxy === undefined || (proxy.protocol !== 'http:' && proxy.protocol !== 'https:')) {
      throw new RegistryFailure('precondition', "the daemon's HTTPS_PROXY is not the address of a proxy, such as http://proxy.example:3128");
    }
    return proxy;
  }
}

/** As Go has it: the one in large letters goes first. */
function variable(environment: ProxyEnvironment, name: string): string {
  return [environment[name], environment[name.toLowerCase()]].find((text) => text !== undefined && text !== '') ?? '';
}

/** What one part of NO_PROXY leaves out: `*`, an address, a network (`10.0.0.0/8`), a name with all that is below it, only what is below it (`.example.org`); a port may follow. */
function exceptionOf(part: string): ((url: URL) => boolean) | undefined {
  if (part === '') return undefined;
  if (part === '*') return () => true;
  const network = /^([0-9a-f.:]+)\/(\d{1,3})$/.exec(part);
  if (network !== null) return inNetwork(network[1] ?? '', Number(network[2]));
  const [, name = part, port] = isIPv6(part) ? [] : /^(.*?)(?::(\d+))?$/.exec(part) ?? [];
  const host = name.replace(/^\[(.*)\]$/, '$1').replace(/^\*(?=\.)/, '');
  const isHost = (asked: string): boolean => asked === host || (isIP(asked) === 0 && asked.endsWith(host.startsWith('.') ? host : `.${host}`));
  return (url) => isHost(hostOf(url)) && (port === undefined || port === portOf(url));
}

function inNetwork(address: string, bits: number): ((url: URL) => boolean) | undefined {
  const version = isIP(address);
  if (version === 0 || bits > (version === 4 ? 32 : 128)) return undefined;
  const network = new BlockList();
  network.addSubnet(address, bits, version === 4 ? 'ipv4' : 'ipv6');
  return (url) => {
    const host = hostOf(url);
    const asked = isIP(host);
    return asked !== 0 && network.check(host, asked === 4 ? 'ipv4' : 'ipv6');
  };
}

/** In small letters, as URLs have it; an address of version 6 without its brackets. */
export function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[(.*)\]$/, '$1');
}

export function portOf({ protocol, port }: URL): string {
  return port === '' ? (protocol === 'https:' ? '443' : '80') : port;
}
