import { ImagesError } from '../errors';

const hexDigits: ReadonlyMap<string, number> = new Map([['sha256', 64], ['sha384', 96], ['sha512', 128]]);

/** What is wrong with the digest of a blob (OCI image specification, "Digests"), in the words that clients know; undefined where nothing is. */
export function digestProblem(digest: string): string | undefined {
  const [, algorithm, encoded = ''] = /^([A-Za-z0-9_+.-]+):([A-Za-z0-9=_-]+)$/.exec(digest) ?? [];
  if (algorithm === undefined) return 'invalid checksum digest format';
  const digits = hexDigits.get(algorithm);
  if (digits === undefined) return 'unsupported digest algorithm';
  if (encoded.length !== digits) return 'invalid checksum digest length';
  return /^[0-9a-f]+$/.test(encoded) ? undefined : 'invalid checksum digest format';
}

/** One that passes is a file's name, too: it holds no slash. @throws ImagesError `invalid` */
export function checkDigest(digest: string): void {
  const problem = digestProblem(digest);
  if (problem !== undefined) throw new ImagesError('invalid', `${JSON.stringify(digest)} failed validation: ${problem}`);
}
