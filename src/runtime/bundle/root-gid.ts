/** The host's group of a container's root, 0 without a user namespace: it may enter a bundle of ours. @param spec an OCI spec, not checked */
export function rootGidOf(spec: unknown): number {
  const mappings = memberOf(memberOf(spec, 'linux'), 'gidMappings');
  if (!Array.isArray(mappings)) return 0;
  const ofRoot: unknown = mappings.find((mapping: unknown) => Number(memberOf(mapping, 'containerID')) === 0);
  const hostId = Number(memberOf(ofRoot, 'hostID') ?? 0);
  return Number.isInteger(hostId) && hostId >= 0 ? hostId : 0;
}

function memberOf(value: unknown, member: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[member] : undefined;
}
