import { isJsonObject, parseJson } from '../../runtime/json';
import type { ProcessDefinition } from '../definitions/definition';
import type { Launch } from '../engine/managed-definition';
import type { Account } from './account';
import { rootfsSpecOf } from './container';
import type { ImageWishes } from './lookups';

/**
 * What a definition says beside its image.
 * @param account of no meaning: whom it runs as, the image's files say
 * @param environment of `environmentOf`
 */
export function imageWishesOf(process: ProcessDefinition, account: Account, environment: readonly string[], launch: Launch): ImageWishes {
  const spec = parseJson(rootfsSpecOf(process, 'rootfs', account, environment, launch));
  if (!isJsonObject(spec) || !isJsonObject(spec['process'])) throw new Error(`${process.fullName}: no spec came of its definition`);
  const [shell = '', ...script] = process.shell ? textsOf(spec['process']['args']) : [];
  return {
    // A script is the shell's, and no word for the image's own program.
    spec: process.shell ? { ...spec, process: { ...spec['process'], args: script } } : { ...spec },
    entrypoint: process.entrypoint ?? shell,
    user: process.user === undefined ? '' : `${process.user}${process.userGroup === undefined ? '' : `:${process.userGroup}`}`,
  };
}

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];
}
