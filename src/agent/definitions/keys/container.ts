import type { Network } from '../../../runtime/bundle/network';
import type { Settings } from '../definition';
import { type TableReader, kindOf } from '../table-reader';
import { isText, readNetwork, readPorts, readVolumes } from '../values';

/** gethostname(2). */
const longestHostName = 64;

/** What a container has that no program of the host does. */
export function readContainer(table: TableReader): Pick<Settings, 'network' | 'volumes' | 'hostname' | 'entrypoint'> {
  return {
    network: readNetworkOf(table),
    volumes: table.read('volumes', readVolumes) ?? [],
    hostname: table.read('hostname', (value) => (isText(value) && /^[A-Za-z0-9][A-Za-z0-9.-]*$/.test(value) && value.length <= longestHostName ? { value } : { problem: `expected a host name, not ${kindOf(value)}` })),
    entrypoint: table.read('entrypoint', (value) => (isText(value) && value !== '' ? { value } : { problem: `expected a program, not ${kindOf(value)}` })),
  };
}

/** With its ports. */
function readNetworkOf(table: TableReader): Network {
  const network = table.read('network', readNetwork) ?? { is: table.has('rootfs') || table.has('image') ? 'none' : 'host' };
  const ports = table.read('publish', readPorts) ?? [];
  if (network.is === 'cni') return { ...network, ports };
  if (table.has('publish')) table.complain('contradiction', 'publish', `${table.name}: publish is for a network of its own: network = "cni"`);
  return network;
}
