/** The network of a container. */
export type Network =
  /** The loopback alone. */
  | { readonly is: 'none' }
  /** This host's. */
  | { readonly is: 'host' }
  /** One of its own, with an interface that plugins of the Container Network Interface make. @property name as its configuration has it; empty: the first one */
  | { readonly is: 'cni'; readonly name: string };

/** An annotation of a spec (OCI runtime specification): the name of its CNI network. */
export const NETWORK_ANNOTATION = 'holdfast.network';

/** As the CNI specification has it. */
const name = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/;

/** `none`, `host`, `cni` or `cni:NAME`; undefined for anything else. */
export function parseNetwork(text: string): Network | undefined {
  if (text === 'none' || text === 'host') return { is: text };
  if (text === 'cni') return { is: 'cni', name: '' };
  const [is, named, ...more] = text.split(':');
  return is === 'cni' && named !== undefined && more.length === 0 && name.test(named) ? { is: 'cni', name: named } : undefined;
}

/** As {@link parseNetwork} reads it. */
export function printNetwork(network: Network): string {
  return network.is === 'cni' && network.name !== '' ? `cni:${network.name}` : network.is;
}
