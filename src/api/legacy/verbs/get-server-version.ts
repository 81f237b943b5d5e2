import type { Verb } from '../../call';
import type { GetServerVersionRequest, GetServerVersionResponse } from '../../gen/legacy/api';

/** GetServerVersion: the version whose API this is, with our own as the revision. */
export function getServerVersion(version: string): Verb<GetServerVersionRequest, GetServerVersionResponse> {
  return () => ({ major: 0, minor: 2, patch: 9, revision: `holdfast-${version}` });
}
