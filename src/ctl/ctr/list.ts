import type { Tool } from '../tool';
import { withLegacy } from './ask';
import { columns } from './text';

/** `containers list`: the containers that there are, by their ids. */
export async function list(tool: Tool): Promise<void> {
  const { containers } = await withLegacy(tool, (api) => api.state());
  const rows = containers
    .map(({ id, bundlePath, status, processes }) => [id, bundlePath, status, processes.map(({ pid }) => pid).join(',')])
    .sort(([a = ''], [b = '']) => (a < b ? -1 : 1));
  for (const line of columns([['ID', 'PATH', 'STATUS', 'PROCESSES'], ...rows])) tool.print(line);
}
