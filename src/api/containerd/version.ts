import { type VersionServer, VersionService } from '../gen/containerd/services/version/v1/version';
import type { Logger } from '../../runtime/logger';
import { unary } from '../call';
import { statusOf } from './status';

export { VersionService };

/** The containerd whose API this is: clients compare it, and some refuse what they do not know. */
export const CONTAINERD_VERSION = '1.6.20';

/** The service `containerd.services.version.v1.Version`: our own version is in the revision. */
export function versionService(version: string, log: Logger): VersionServer {
  return {
    version: unary({ name: 'Version/Version', log, changes: false, statusOf }, () => ({ version: CONTAINERD_VERSION, revision: `holdfast-${version}` })),
  };
}
