import { CtlError } from '../errors';
import { exitStatus } from '../exit-status';
import { moment } from '../option-values';
import type { Moment } from '../text/timestamp';
import type { Tool } from '../tool';
import type { Verb } from '../verb';
import { withLegacy } from './ask';
import { eventCells, eventHeading, eventRow } from './text';

/** `events` of ctr. */
export function defineEvents(program: Verb, tool: Tool): void {
  program
    .verb('events', { group: 'Look', summary: 'shows events as they happen', example: 'events' })
    .option('-t, --timestamp <time>', 'first the stored events since then: RFC 3339', moment)
    .action(({ timestamp }: { readonly timestamp?: Moment }) => follow(tool, '', timestamp));
}

/** `containers watch`: the events of one container, or of all. */
export function defineWatch(containers: Verb, tool: Tool): void {
  containers
    .verb('watch', { group: 'Container', summary: "shows containers' events as they happen", example: 'containers watch redis' })
    .argument('[id]', 'of one alone')
    .action(async (id: string | undefined) => {
      // The daemon answers for one that there is not with an error.
      if (id !== undefined) await withLegacy(tool, (api) => api.state(id));
      await follow(tool, id ?? '', undefined);
    });
}

async function follow(tool: Tool, id: string, timestamp: Moment | undefined): Promise<void> {
  tool.print(eventRow(eventHeading));
  await withLegacy(tool, async (api) => {
    for await (const event of api.events({ id, timestamp })) tool.print(eventRow(eventCells(event)));
  });
  throw new CtlError('unreachable', 'the daemon has ended the subscription', { exitStatus: exitStatus.failed });
}
