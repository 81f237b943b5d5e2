import { isIP } from 'node:net';

/** A port of this host that leads to one of a container, as the capability `portMappings` of CNI plugins has it. */
export interface PortMapping {
  /** Absent: all addresses of this host. */
  readonly hostIP?: string;
  readonly hostPort: number;
  readonly containerPort: number;
  readonly protocol: 'tcp' | 'udp';
}

/** The network of a container. */
export type Network =
  /** The loopback alone. */
  | { readonly is: 'none' }
  /** This host's. */
  | { readonly is: 'host' }
  /** One of its own, with an interface that plugins of the Container Network Interface make. @property name as its configuration has it; empty: the first one */
  | { readonly is: 'cni'; readonly name: string; readonly ports: readonly PortMapping[] };

/** An annotation of a spec (OCI runtime specification): the name of its CNI network. */
export const NETWORK_ANNOTATION = 'holdfast.network';
/** … and a list of its {@link PortMapping}s, as JSON. */
export const PORTS_ANNOTATION = 'holdfast.ports';

/** As the CNI specification has it. */
const name = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/;

/** `none`, `host`, `cni` or `cni:NAME`; undefined for anything else. */
export function parseNetwork(text: string): Network | undefined {
  if (text === 'none' || text === 'host') return { is: text };
  if (text === 'cni') return { is: 'cni', name: '', ports: [] };
  const [is, named, ...more] = text.split(':');
  return is === 'cni' && named !== undefined && more.length === 0 && name.test(named) ? { is: 'cni', name: named, ports: [] } : undefined;
}

const mapping = /^(?:(?:\[([0-9a-fA-F:.]+)\]|([0-9.]+)):)?(\d{1,5}):(\d{1,5})(?:\/(tcp|udp))?$/;

/** As docker's: `8080:80`, `53:53/udp`, `127.0.0.1:8080:80`, `[::1]:8080:80`; undefined for anything else. */
export function parsePort(text: string): PortMapping | undefined {
  const [whole, six, four, host, container, protocol = 'tcp'] = mapping.exec(text) ?? [];
  const [hostIP, hostPort, containerPort] = [six ?? four, Number(host), Number(container)];
  if (whole === undefined || (hostIP !== undefined && isIP(hostIP) === 0) || !isPort(hostPort) || !isPort(containerPort)) return undefined;
  return { ...(hostIP === undefined ? {} : { hostIP }), hostPort, containerPort, protocol: protocol === 'udp' ? 'udp' : 'tcp' };
}

/** As {@link parsePort} reads it. */
export function printPort({ hostIP, hostPort, containerPort, protocol }: PortMapping): string {
  const address = hostIP === undefined ? '' : isIP(hostIP) === 6 ? `[${hostIP}]:` : `${hostIP}:`;
  return `${address}${String(hostPort)}:${String(containerPort)}${protocol === 'tcp' ? '' : '/udp'}`;
}

function isPort(number: number): boolean {
  return number > 0 && number <= 65_535;
}

/** As {@link parseNetwork} reads it, without its ports. */
export function printNetwork(network: Network): string {
  return network.is === 'cni' && network.name !== '' ? `cni:${network.name}` : network.is;
}
