import type { SourcePlace, Webhook } from './definition';
import { readEvents } from './listener';
import type { TableReader } from './table-reader';
import { isText, readAbsolutePath } from './values';

/** Reads `[webhook.NAME]`. */
export function readWebhook(name: string, table: TableReader, source: SourcePlace): Webhook | undefined {
  const url = table.read('url', (value) => (isText(value) && /^https?:\/\//.test(value) && URL.canParse(value) ? { value } : { problem: 'expected a URL such as "https://example.org/hook"' }));
  const events = readEvents(table);
  const secretFile = table.read('secret', readAbsolutePath);
  if (!table.has('url')) table.complain('contradiction', undefined, `${table.name}: url is missing`);
  table.end();
  return url === undefined ? undefined : { name, url, events, secretFile, source };
}
