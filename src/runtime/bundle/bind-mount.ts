import type { Mount } from './container-spec';

/** mount(8): what may be said of a directory or file of this host in a container. */
export const bindOptions = ['ro', 'rw', 'rprivate', 'private', 'rslave', 'slave', 'rshared', 'shared', 'nosuid', 'nodev', 'noexec'] as const;
const propagation = /^r?(private|slave|shared)$/;

/** `SOURCE:DESTINATION[:OPTION,…]`, as docker's -v, taken apart; the source as it stands there. A `problem` says what is wrong. */
export function parseBind(text: string): { readonly source: string; readonly destination: string; readonly options: readonly string[] } | { readonly problem: string; readonly is: 'option' | 'place' } {
  const [source = '', destination = '', list, more] = text.split(':');
  const options = list?.split(',') ?? [];
  const known: readonly string[] = bindOptions;
  const unknown = options.find((option) => !known.includes(option));
  if (unknown !== undefined || more !== undefined) return { is: 'option', problem: `there is no option ${unknown ?? more ?? ''}` };
  if (source === '' || !destination.startsWith('/') || destination === '/') return { is: 'place', problem: 'a path of this host, and an absolute one in the container are wanted' };
  return { source, destination, options };
}

/** Its mount; nothing that is mounted in it reaches the host, where nothing else is said. */
export function bindMountOf({ source, destination, options }: { readonly source: string; readonly destination: string; readonly options: readonly string[] }): Mount {
  const spread = options.some((option) => propagation.test(option)) ? [] : ['rprivate'];
  return { destination, type: 'bind', source, options: ['rbind', ...spread, ...options] };
}
