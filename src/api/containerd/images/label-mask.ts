import { classError } from '../errors';

/** The labels that a mask names; undefined: all of them. @param of what cannot be updated otherwise, as clients know it @throws FaceError for any other field */
export function maskedLabels(mask: readonly string[] | undefined, of: string): readonly string[] | undefined {
  const names: string[] = [];
  for (const path of mask ?? []) {
    if (path === 'labels') return undefined;
    if (!path.startsWith('labels.')) throw classError('invalid-argument', `cannot update ${JSON.stringify(path)} field on ${of}`);
    names.push(path.slice('labels.'.length));
  }
  return names.length === 0 ? undefined : names;
}
