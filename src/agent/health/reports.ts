import type { ProcessDefinition } from '../definitions/definition';

/** Whether it reports by sd_notify(3). */
export function reports({ health, ready }: Pick<ProcessDefinition, 'health' | 'ready'>): boolean {
  return ready.is === 'notify' || health?.check.is === 'notify';
}
