import { INIT } from '../../../runtime/state-dir/layout';
import type { StoredEvent } from '../../../supervisor/events/event';
import * as messages from '../../gen/containerd/events/task';
import { timestampOf } from '../time';

/** The payload of an event of a task. */
export interface Payload {
  readonly topic: string;
  /** The bare name: dockerd looks the type up by it. */
  readonly typeUrl: string;
  readonly value: Uint8Array;
}

/** An event of a task as this API tells it; undefined for any other. */
export function taskPayload(event: StoredEvent): Payload | undefined {
  const { containerId: container_id, processId, status: exit_status, pid = 0, exitedAtNs } = event;
  const type: string = event.type;
  switch (type) {
    case 'create':
      return payload('create', 'TaskCreate', messages.TaskCreate, messages.TaskCreate.fromPartial({ ...createDetail(event), container_id, pid }));
    case 'start-container':
      return payload('start', 'TaskStart', messages.TaskStart, { container_id, pid });
    case 'exec-added':
      return payload('exec-added', 'TaskExecAdded', messages.TaskExecAdded, { container_id, exec_id: processId });
    case 'start-process':
      return payload('exec-started', 'TaskExecStarted', messages.TaskExecStarted, { container_id, exec_id: processId, pid });
    case 'exit': {
      // Where nobody knows when it ended, it was when that was told.
      const exited_at = timestampOf(exitedAtNs ?? event.timestampNs);
      const id = processId === INIT ? container_id : processId;
      return payload('exit', 'TaskExit', messages.TaskExit, { container_id, id, pid, exit_status, exited_at });
    }
    case 'delete':
      return payload('delete', 'TaskDelete', messages.TaskDelete, { container_id, pid, exit_status, exited_at: timestampOf(exitedAtNs), id: '' });
    case 'oom':
      return payload('oom', 'TaskOOM', messages.TaskOOM, { container_id });
    case 'pause':
      return payload('paused', 'TaskPaused', messages.TaskPaused, { container_id });
    case 'resume':
      return payload('resumed', 'TaskResumed', messages.TaskResumed, { container_id });
    case 'checkpointed':
      return payload('checkpointed', 'TaskCheckpointed', messages.TaskCheckpointed, { container_id, checkpoint: textOf(event, 'checkpoint') });
    default:
      return undefined;
  }
}

function payload<Message>(topic: string, type: string, codec: { encode(message: Message): { finish(): Uint8Array } }, message: Message): Payload {
  return { topic: `/tasks/${topic}`, typeUrl: `containerd.events.${type}`, value: codec.encode(message).finish() };
}

/** As Create has put it into the log, in the words of this API. */
function createDetail({ detail }: StoredEvent): Partial<messages.TaskCreate> {
  if (detail === undefined || detail instanceof Uint8Array) return {};
  const { bundle, rootfs, io, checkpoint } = detail as Partial<messages.TaskCreate>;
  return {
    ...(bundle === undefined ? {} : { bundle }),
    ...(rootfs === undefined ? {} : { rootfs }),
    ...(io === undefined ? {} : { io }),
    ...(checkpoint === undefined ? {} : { checkpoint }),
  };
}

function textOf({ detail }: StoredEvent, name: string): string {
  const value: unknown = detail === undefined || detail instanceof Uint8Array ? undefined : detail[name];
  return typeof value === 'string' ? value : '';
}
