import type { AvailableProcess, RereadResult, UpdateLine } from '../../../programs/definition-files';
import * as messages from '../../gen/holdfast/v1/definitions';

const kinds = {
  available: messages.GroupChange_Kind.AVAILABLE,
  changed: messages.GroupChange_Kind.CHANGED,
  disappeared: messages.GroupChange_Kind.DISAPPEARED,
};

export function groupChangeMessage({ group, is }: RereadResult['changes'][number]): messages.GroupChange {
  return { group, kind: kinds[is] };
}

export function availableMessage({ name, isInUse, autostart, groupPriority, priority }: AvailableProcess): messages.AvailableProcess {
  return { name, in_use: isInUse, autostart, group_priority: groupPriority, priority };
}

const updates: Readonly<Record<UpdateLine['is'], messages.UpdateResponse_Kind>> = {
  removed: messages.UpdateResponse_Kind.REMOVED,
  restarted: messages.UpdateResponse_Kind.RESTARTED,
  live: messages.UpdateResponse_Kind.LIVE,
  added: messages.UpdateResponse_Kind.ADDED,
  'no-such-group': messages.UpdateResponse_Kind.NO_SUCH_GROUP,
  failed: messages.UpdateResponse_Kind.FAILED,
};

export function updateMessage({ name, is, keys = [], detail = '' }: UpdateLine): messages.UpdateResponse {
  return { name, kind: updates[is], keys: [...keys], detail, errors: [] };
}
