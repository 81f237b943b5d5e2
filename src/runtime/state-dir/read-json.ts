import { RuntimeError, type RuntimeErrorCode } from '../errors';
import { Fields } from '../fields';
import { parseJson } from '../json';
import { readRegularFile, type ReadOptions } from './read-file';

/**
 * Reads a file that holds one JSON object.
 * @throws RuntimeError of the given code; the message is one line and names the file
 */
export function readJsonFile(path: string, code: RuntimeErrorCode, options: ReadOptions): Fields {
  let value: unknown;
  try {
    value = parseJson(readRegularFile(path, options).toString('utf8'));
  } catch (error) {
    throw new RuntimeError(code, oneLine(error, path), { cause: error });
  }
  return Fields.of(value, path, code);
}

/**
 * The same for a file whose content comes from elsewhere.
 * Rejects with RuntimeError of the given code, or with the signal's reason once it is aborted.
 */
export async function parseJsonFile(path: string, code: RuntimeErrorCode, read: () => Promise<Buffer>, signal?: AbortSignal): Promise<Fields> {
  let value: unknown;
  try {
    value = parseJson((await read()).toString('utf8'));
  } catch (error) {
    signal?.throwIfAborted();
    throw new RuntimeError(code, oneLine(error, path), { cause: error });
  }
  return Fields.of(value, path, code);
}

function oneLine(error: unknown, path: string): string {
  if (!(error instanceof Error)) return `${path}: ${String(error)}`;
  const message = error instanceof SyntaxError ? `${path}: not valid JSON: ${error.message}` : error.message;
  // A parser's message quotes the character that it met, which may be a line break.
  return message.replace(/[\u0000-\u001f]/g, '?');
}
