import type { Requester } from '../../records/definition-record';
import type { CallInfo } from '../call';

/** Who calls, by the socket; undefined of one that was gone before it was accepted. */
export function requesterOf({ peer }: Pick<CallInfo, 'peer'>): Requester | undefined {
  const [, pid, uid] = /^pid (\d+) uid (\d+)$/.exec(peer) ?? [];
  return pid === undefined || uid === undefined ? undefined : { uid: Number(uid), pid: Number(pid) };
}
