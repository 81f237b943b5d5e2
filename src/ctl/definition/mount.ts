import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { CtlError } from '../errors';
import { bindMountOf, bindOptions, parseBind } from '../../runtime/bundle/bind-mount';
import type { Mount } from '../../runtime/bundle/container-spec';

/** @param text `SOURCE:DESTINATION[:OPTIONS]`, as docker's -v; a relative source is one of this directory @throws CtlError */
export function bindMount(text: string): Mount {
  const bind = parseBind(text);
  if ('problem' in bind) throw invalid(text, bind.problem, bind.is === 'option' ? `Options are ${bindOptions.join(', ')}.` : 'Such as -v /srv/data:/data or -v ./site:/www:ro');
  const { source } = bind;
  const path = resolve(source);
  if (!existsSync(path)) throw invalid(text, `${path} is not there`, source.includes('/') ? 'Make it first: nothing is made on the host by itself.' : `There are no named volumes: a directory here is ./${source}`);
  return bindMountOf({ ...bind, source: path });
}

function invalid(text: string, why: string, hint: string): CtlError {
  return new CtlError('invalid-argument', `-v ${text}: ${why}`, { hint });
}
