import { type UpdateResponse, UpdateResponse_Kind as Kind } from '../../../api/gen/holdfast/v1/definitions';
import { exitStatus, lastFailure } from '../../exit-status';
import { updateJson } from '../../json/definitions';
import type { Tool } from '../../tool';
import type { Verb } from '../../verb';

interface UpdateOptions {
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

export function defineUpdate(program: Verb, tool: Tool): void {
  program
    .verb('update', {
      group: 'Define',
      summary: 'reads the definition files, and has in use what they say; only what has changed is started anew, and limits are changed while it runs',
      example: 'update --dry-run',
      statuses: '1 something is wrong with a file, or could not be done',
    })
    .argument('[names...]', 'groups or programs (default: all)')
    .option('--dry-run', 'say what would be done, and do nothing')
    .option('--json', 'an object a line')
    .action((names: string[], options: UpdateOptions) => update(tool, names, options));
}

async function update(tool: Tool, names: readonly string[], { dryRun: isDryRun = false, json = false }: UpdateOptions): Promise<void> {
  const daemon = await tool.connect();
  const stream = daemon.definitions.update({ names: [...names], dry_run: isDryRun });
  let interrupted = false;
  const stopListening = tool.io.onSignal('SIGINT', () => {
    interrupted = true;
    stream.close();
  });
  const statuses: number[] = [];
  try {
    for await (const message of stream) {
      if (json && (message.kind !== Kind.NONE || message.errors.length > 0)) tool.print(JSON.stringify(updateJson(message)));
      else if (!json) for (const line of isDryRun ? plannedLines(message) : doneLines(message)) tool.print(line);
      if (message.errors.length > 0 || message.kind === Kind.NO_SUCH_GROUP || message.kind === Kind.FAILED) statuses.push(exitStatus.failed);
    }
  } finally {
    stopListening();
  }
  if (interrupted) tool.explain('interrupted; the update goes on');
  tool.finish(interrupted ? exitStatus.interrupted : lastFailure(statuses));
}

/** supervisorctl's words, and ours for what it cannot do. */
function doneLines(message: UpdateResponse): readonly string[] {
  const { name, kind, keys } = message;
  switch (kind) {
    case Kind.REMOVED:
      return [`${name}: stopped`, `${name}: removed process group`];
    case Kind.RESTARTED:
      return [`${name}: stopped`, `${name}: updated process group`];
    case Kind.LIVE:
      return [keys.every((key) => key.startsWith('limits.')) ? `${name}: updated limits` : `${name}: updated (${keys.join(', ')})`];
    case Kind.ADDED:
      return [`${name}: added process group`];
    case Kind.NO_SUCH_GROUP:
    case Kind.FAILED:
    case Kind.NONE:
    case Kind.UNRECOGNIZED:
      return otherLines(message);
  }
}

function plannedLines(message: UpdateResponse): readonly string[] {
  const { name, kind, keys } = message;
  switch (kind) {
    case Kind.REMOVED:
      return [`${name}: would be removed`];
    case Kind.RESTARTED:
      return [`${name}: would restart (${keys.join(', ')})`];
    case Kind.LIVE:
      return [`${name}: would be updated live (${keys.join(', ')})`];
    case Kind.ADDED:
      return [`${name}: would be added`];
    case Kind.NO_SUCH_GROUP:
    case Kind.FAILED:
    case Kind.NONE:
    case Kind.UNRECOGNIZED:
      return otherLines(message);
  }
}

function otherLines({ name, kind, detail, errors }: UpdateResponse): readonly string[] {
  if (kind === Kind.NO_SUCH_GROUP) return [`ERROR: no such group: ${name}`];
  if (kind === Kind.FAILED) return [`${name}: ERROR (${detail})`];
  return errors.map((error) => `ERROR: ${error}`);
}
