import { type ResourceUpdate, updateResources } from '../../../runtime/bundle/resources';
import { printJson } from '../../../runtime/json';
import { SupervisorError, textOf } from '../../../supervisor/errors';
import type { Supervisor } from '../../../supervisor/supervisor';
import type { Verb } from '../../call';
import { containerId } from '../check';
import type { ThrottleDevice, UpdateContainerRequest, UpdateContainerResponse, UpdateResource } from '../../gen/legacy/api';

/** UpdateContainer: pauses or resumes where a status is named, otherwise changes limits. */
export function updateContainer(supervisor: Supervisor): Verb<UpdateContainerRequest, UpdateContainerResponse> {
  return async (request, { cancel }) => {
    const id = containerId(request.id);
    switch (request.status) {
      case 'paused':
        await supervisor.request('pause', { id }, cancel);
        break;
      case 'running':
        await supervisor.request('resume', { id }, cancel);
        break;
      case '':
        if (request.resources !== undefined) {
          await supervisor.request('update', { id, resources: printJson(updateResources(resourcesOf(request.resources))) }, cancel);
        }
        break;
      default:
        throw new SupervisorError('unknown-status', { id }, { detail: textOf('unknown-status') + request.status });
    }
    return {};
  };
}

function resourcesOf(resources: UpdateResource): ResourceUpdate {
  return {
    ...resources,
    blkioWeightDevice: resources.blkioWeightDevice.map(({ blkIODevice, weight, leafWeight }) => ({
      device: blkIODevice ?? noDevice,
      weight,
      leafWeight,
    })),
    blkioThrottleReadBpsDevice: resources.blkioThrottleReadBpsDevice.map(throttle),
    blkioThrottleWriteBpsDevice: resources.blkioThrottleWriteBpsDevice.map(throttle),
    blkioThrottleReadIopsDevice: resources.blkioThrottleReadIopsDevice.map(throttle),
    blkioThrottleWriteIopsDevice: resources.blkioThrottleWriteIopsDevice.map(throttle),
  };
}

const noDevice = { major: 0n, minor: 0n };

function throttle({ blkIODevice, rate }: ThrottleDevice) {
  return { device: blkIODevice ?? noDevice, rate };
}
