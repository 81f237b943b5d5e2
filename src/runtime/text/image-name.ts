/** A name of an image in docker's form (distribution's reference grammar), in full. */
export interface ImageName {
  /** `docker.io/library/busybox:latest`; with a digest, `…@sha256:…`. */
  readonly full: string;
  /** As people write it: `busybox:latest`. */
  readonly short: string;
  /** With its port, where it names one; `docker.io` where it names no host. */
  readonly host: string;
  /** Of that registry: `library/busybox`. */
  readonly repository: string;
  /** Empty: a digest alone is named. */
  readonly tag: string;
  /** Empty: a tag alone is named. */
  readonly digest: string;
}

const HUB = 'docker.io';
const OFFICIAL = 'library/';
const host = /^(?:localhost|[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*|\[[0-9a-fA-F:]+\])(?::\d+)?$/;
const path = /^[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*)*$/;
const tag = /^\w[\w.-]{0,127}$/;
const digest = /^sha256:[0-9a-f]{64}$/;
/** Of host and path together. */
const MOST_LENGTH = 255;

/** The whole name of an image; undefined where the text is none. Without a tag or digest it is `latest`, without a host it is Docker Hub's. */
export function imageNameOf(text: string): ImageName | undefined {
  const [named = '', ofDigest, ...more] = text.split('@');
  if (more.length > 0 || (ofDigest !== undefined && !digest.test(ofDigest))) return undefined;
  const slash = named.indexOf('/');
  const first = named.slice(0, Math.max(0, slash));
  // As docker tells hosts from names: by a dot, a port, or `localhost`.
  const hasHost = slash > 0 && (first === 'localhost' || /[.:]/.test(first));
  const domain = hasHost ? first : HUB;
  const rest = hasHost ? named.slice(slash + 1) : named;
  const [plain = '', ofTag, ...others] = rest.split(':');
  if (others.length > 0 || (ofTag !== undefined && !tag.test(ofTag)) || !host.test(domain) || !path.test(plain)) return undefined;
  const repository = domain === HUB && !plain.includes('/') ? OFFICIAL + plain : plain;
  if (domain.length + 1 + repository.length > MOST_LENGTH) return undefined;
  const version = `${ofTag === undefined ? (ofDigest === undefined ? ':latest' : '') : `:${ofTag}`}${ofDigest === undefined ? '' : `@${ofDigest}`}`;
  return {
    full: `${domain}/${repository}${version}`,
    short: `${shortened(domain, repository)}${version}`,
    host: domain,
    repository,
    tag: ofTag ?? (ofDigest === undefined ? 'latest' : ''),
    digest: ofDigest ?? '',
  };
}

function shortened(domain: string, repository: string): string {
  if (domain !== HUB) return `${domain}/${repository}`;
  return repository.startsWith(OFFICIAL) && !repository.slice(OFFICIAL.length).includes('/') ? repository.slice(OFFICIAL.length) : repository;
}
