import type { ProcessDefinition, Ready } from './definitions/definition';
import type { Policy } from './machine/policy';

/** 128 + n is the status of a process that signal n has ended. */
const signalBase = 128;

/** What the state machine asks of a definition. */
export function policyOf(definition: ProcessDefinition): Policy {
  const { autostart, onReboot, autorestart, expectedEnds, startMs, startRetries, oneshot, onFatal, schedule, ready, health, dependencyTimeoutMs, restart, stopSteps } = definition;
  return {
    autostart,
    onReboot,
    autorestart,
    expectedStatuses: new Set(expectedEnds.map((end) => ('status' in end ? end.status : signalBase + end.signal))),
    startMs,
    startRetries: startRetries === 'forever' ? undefined : startRetries,
    oneshot,
    readiness: readinessOf(ready),
    health: health && { retries: health.retries, startPeriodMs: health.startPeriodMs, isRestarted: health.onFailure === 'restart' },
    dependencyTimeoutMs,
    restart,
    onFatal: onFatal.is,
    schedule,
    stopSteps,
  };
}

function readinessOf({ is }: Ready): Policy['readiness'] {
  return is === 'startsecs' || is === 'health' ? is : 'report';
}
