import { readFileSync, writeSync } from 'node:fs';
import { Fields } from '../../../runtime/fields';
import { parseJson } from '../../../runtime/json';
import { messageOf } from '../../../sys/thrown';
import { attach, detach, giveBack } from './attachment';

const STDIN_FD = 0;
const STDERR_FD = 2;
const usualNetworks = '/etc/cni/net.d';
/** Where others put them, and where Debian does. */
const usualPath = '/opt/cni/bin:/usr/lib/cni';

/**
 * `holdfast-network add|del|forget <id> <directory> <network> [<ports, as JSON>]`: a hook of a container's spec, called by its runtime, which tells the container's state on stdin;
 * `forget` is called by the daemon.
 */
function main([verb, id = '', directory = '', network = '', ports = '[]']: readonly string[]): number {
  const { NETCONFPATH: networks = usualNetworks, CNI_PATH: path = usualPath } = process.env;
  const place = { id, directory, network, ports: parseJson(ports), networks, path };
  if (verb === 'add') {
    attach(place, Fields.of(parseJson(readFileSync(STDIN_FD, 'utf8')), 'state', 'bad-file').integer('pid', 1));
    return 0;
  }
  const failures = verb === 'forget' ? giveBack(place) : detach(place);
  if (failures.length > 0) say(failures.join('; '));
  return failures.length === 0 ? 0 : 1;
}

function say(text: string): void {
  writeSync(STDERR_FD, `holdfast-network: ${text}\n`);
}

try {
  process.exitCode = main(process.argv.slice(2));
} catch (error) {
  say(messageOf(error));
  process.exitCode = 1;
}
