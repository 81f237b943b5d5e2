import type { Supervisor } from '../../../supervisor/supervisor';
import type { Verb } from '../../call';
import { containerId, processId } from '../check';
import { RequestError } from '../../errors';
import type { UpdateProcessRequest, UpdateProcessResponse } from '../../gen/legacy/api';

/** The kernel's window size has 16 bits each way (ioctl_tty(2)). */
const maxSize = 0xffff;

/** UpdateProcess: closes stdin and/or sets the terminal's size. */
export function updateProcess(supervisor: Supervisor): Verb<UpdateProcessRequest, UpdateProcessResponse> {
  return async ({ id, pid, closeStdin, width, height }) => {
    const target = { id: containerId(id), processId: processId(pid) };
    if (width > maxSize || height > maxSize) throw new RequestError(`a terminal of ${width} by ${height} is too large`, 'width');
    await supervisor.request('updateProcess', { ...target, closeStdin, width, height });
    return {};
  };
}
