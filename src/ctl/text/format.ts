import { CtlError } from '../errors';

/** `{{.name}} {{.pid}}`: fields of the JSON by their names, and nothing more. @throws CtlError for a field that there is not */
export function formatFields(format: string, json: object): string {
  return format.replaceAll(/\{\{\s*\.([\w.]+)\s*\}\}/g, (_whole, path: string) => {
    let value: unknown = json;
    for (const part of path.split('.')) {
      if (typeof value !== 'object' || value === null || !(part in value)) {
        if (value === null) return '';
        throw new CtlError('invalid-argument', `there is no field ${path}`, { hint: `There are ${Object.keys(json).join(', ')}.` });
      }
      value = (value as Readonly<Record<string, unknown>>)[part];
    }
    if (value === null) return '';
    return typeof value === 'string' ? value : JSON.stringify(value);
  });
}
