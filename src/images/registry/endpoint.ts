import { isLoopback } from '../../sys/sockets/internet-address';
import { RegistryFailure, placeOf } from './failure';

/** Where a registry is asked. */
export interface Endpoint {
  /** Such as `https://registry-1.docker.io`. */
  readonly origin: string;
  /** It has copies of the registry's images, and is told nobody's password. */
  readonly isMirror: boolean;
}

/** The names of mirrors are origins; by hosts as names of images have them. */
export type Mirrors = ReadonlyMap<string, readonly string[]>;

/** Docker Hub is reached by another name than its images have. */
const HUB = { host: 'docker.io', at: 'registry-1.docker.io' };

/** Where to ask for the images of a host, one after the other: its mirrors, and then itself. Plain HTTP is for this machine's own alone. */
export function endpointsOf(host: string, mirrors: Mirrors): readonly Endpoint[] {
  const at = host === HUB.host ? HUB.at : host;
  const own = `${isOfThisMachine(new URL(`http://${at}`)) ? 'http' : 'https'}://${at}`;
  return [...(mirrors.get(host) ?? []).map((origin) => ({ origin: new URL(origin).origin, isMirror: true })), { origin: own, isMirror: false }];
}

/** Whether a mirror can be asked at this address: it has no path, and is encrypted where it is not this machine's. */
export function isMirrorOrigin(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  return text.replace(/\/$/, '') === url.origin && (url.protocol === 'https:' || (url.protocol === 'http:' && isOfThisMachine(url)));
}

/** The loopback, by its usual name or as an address. Another name is not, whatever it leads to. */
export function isOfThisMachine({ hostname }: URL): boolean {
  return hostname === 'localhost' || isLoopback(hostname.replace(/^\[|\]$/g, ''));
}

/** Where `from` has sent us, or wants its tokens to be asked for. @throws RegistryFailure where nobody should go there */
export function followed(from: URL, to: string, what: string): URL {
  const next = URL.canParse(to, from.href) ? new URL(to, from) : undefined;
  if (next === undefined || (next.protocol !== 'https:' && next.protocol !== 'http:')) throw new RegistryFailure('invalid', `${placeOf(from)}: ${what} is no address of HTTP`);
  if (next.username !== '' || next.password !== '') throw new RegistryFailure('invalid', `${placeOf(from)}: ${what} has a name or password in it`);
  if (next.protocol === 'http:' && (from.protocol === 'https:' || !isOfThisMachine(next))) {
    throw new RegistryFailure('invalid', `${placeOf(from)}: ${what} leads to ${next.origin}, which is not encrypted`);
  }
  return next;
}
