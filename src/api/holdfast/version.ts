import type { UntypedServiceImplementation, ServiceDefinition } from '@grpc/grpc-js';
import type { VersionRequest, VersionResponse } from '../gen/holdfast/v1/daemon';
import type { Verb } from '../call';
import { timestampOf } from './time';

/** Calls as clients look for them: `Containers/Start`. @param services what is served of this package */
export function callsOf(services: readonly ServiceDefinition<UntypedServiceImplementation>[]): string[] {
  return services.flatMap((service) => Object.values(service).map(({ path }) => path.replace(/^\/holdfast\.v1\./, '')));
}

/** Version: which daemon it is, and what may be asked of it. */
export function version(own: string, calls: readonly string[]): Verb<VersionRequest, VersionResponse> {
  const startedAt = timestampOf(BigInt(Math.round(Date.now() - process.uptime() * 1000)) * 1_000_000n);
  return () => ({ version: own, pid: process.pid, started_at: startedAt, calls: [...calls] });
}
