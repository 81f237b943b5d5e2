import type { ShimWatchdog } from '../worker/shims/shim-watch';

const usual: ShimWatchdog = { intervalMs: 5_000, timeoutMs: 10_000 };

/**
 * How often the shims are asked whether they are there, and how long they may take. A test that stops one
 * shortens both through HOLDFAST_SHIM_WATCHDOG (`<interval>,<timeout>`, in milliseconds).
 */
export function shimWatchdog(env: NodeJS.ProcessEnv): ShimWatchdog {
  const [, intervalMs, timeoutMs] = /^(\d{1,6}),(\d{1,6})$/.exec(env['HOLDFAST_SHIM_WATCHDOG'] ?? '') ?? [];
  return intervalMs === undefined ? usual : { intervalMs: Number(intervalMs), timeoutMs: Number(timeoutMs) };
}
