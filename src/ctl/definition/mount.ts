import { existsSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { CtlError } from '../errors';
import type { Mount } from '../../runtime/bundle/container-spec';

/** mount(8): what may be said of a directory or file of this host in a container. */
const known = new Set(['ro', 'rw', 'rprivate', 'private', 'rslave', 'slave', 'rshared', 'shared', 'nosuid', 'nodev', 'noexec']);
const propagation = /^r?(private|slave|shared)$/;

/** @param text `SOURCE:DESTINATION[:OPTIONS]`, as docker's -v; a relative source is one of this directory @throws CtlError */
export function bindMount(text: string): Mount {
  const [source = '', destination = '', list, more] = text.split(':');
  const options = list?.split(',') ?? [];
  const unknown = options.find((option) => !known.has(option));
  if (unknown !== undefined || more !== undefined) throw invalid(text, `there is no option ${unknown ?? more ?? ''}`, `Options are ${[...known].join(', ')}.`);
  if (source === '' || !isAbsolute(destination) || destination === '/') throw invalid(text, 'a path of this host, and an absolute one in the container are wanted', 'Such as -v /srv/data:/data or -v ./site:/www:ro');
  const path = resolve(source);
  if (!existsSync(path)) throw invalid(text, `${path} is not there`, source.includes('/') ? 'Make it first: nothing is made on the host by itself.' : `There are no named volumes: a directory here is ./${source}`);
  const spread = options.some((option) => propagation.test(option)) ? [] : ['rprivate'];
  return { destination, type: 'bind', source: path, options: ['rbind', ...spread, ...options] };
}

function invalid(text: string, why: string, hint: string): CtlError {
  return new CtlError('invalid-argument', `-v ${text}: ${why}`, { hint });
}
