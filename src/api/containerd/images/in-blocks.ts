import type { Send } from '../../call';

/** As containerd sends them. */
const mostInBlock = 100;

/** Sends items in messages of at most a hundred; none where there are none. */
export async function sendInBlocks<Item, Message>(items: readonly Item[], send: Send<Message>, messageOf: (items: Item[]) => Message): Promise<void> {
  for (let at = 0; at < items.length; at += mostInBlock) {
    send(messageOf(items.slice(at, at + mostInBlock)));
    await send.untilRoom();
  }
}
