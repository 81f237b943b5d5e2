/**
 * The runtime of host programs, by the name that it has in containers' records. It has no program of its own: an OCI runtime cannot run
 * one (docs/host-programs.md), so daemon and shim do by themselves what they would call a runtime for.
 */
export const HOST_RUNTIME = 'io.holdfast.host.v1';

/** Whether a runtime's name, or the program that it was resolved to, stands for it. */
export function isHostRuntime(runtime: string): boolean {
  return runtime === HOST_RUNTIME;
}
