import { CtlError } from '../errors';
import { containerSchema, inspectSchema } from '../json/container';
import { eventSchema } from '../json/event';
import { availableSchema, checkSchema, rereadSchema, updateSchema } from '../json/definitions';
import { logLineSchema } from '../json/log-line';
import { imageSchema } from '../json/image';
import { pullSchema } from './images/pull';
import { pushSchema } from './images/push';
import { type Schema, arrayOf } from '../json/schema';
import { statsSchema } from '../json/stats';
import { topSchema } from '../json/top';
import { versionSchema } from './version';
import { nearNames } from '../../runtime/text/near';
import type { Tool } from '../tool';
import type { Verb } from '../verb';

/** What each verb prints with --json: the document, or (of streams) each line. */
export const schemas: Readonly<Record<string, Schema>> = {
  status: arrayOf(containerSchema),
  ps: arrayOf(containerSchema),
  why: inspectSchema,
  inspect: arrayOf(inspectSchema),
  events: eventSchema,
  history: arrayOf(eventSchema),
  stats: statsSchema,
  top: topSchema,
  logs: logLineSchema,
  version: versionSchema,
  avail: arrayOf(availableSchema),
  reread: rereadSchema,
  update: updateSchema,
  check: checkSchema,
  images: arrayOf(imageSchema),
  pull: pullSchema,
  push: pushSchema,
};

export function defineSchema(program: Verb, tool: Tool): void {
  program
    .verb('schema', { group: 'Daemon', summary: 'prints the JSON schema of what a verb prints with --json', example: 'schema ps' })
    .argument('<verb>', Object.keys(schemas).join(', '))
    .action((verb: string) => {
      const schema = schemas[verb];
      if (schema === undefined) {
        const near = nearNames(verb, Object.keys(schemas));
        throw new CtlError('invalid-argument', `there is no schema of ${verb}`, { hint: `There are those of ${(near.length > 0 ? near : Object.keys(schemas)).join(', ')}.` });
      }
      tool.printJson({ $schema: 'https://json-schema.org/draft/2020-12/schema', title: `holdfastctl ${verb} --json`, ...schema });
    });
}
