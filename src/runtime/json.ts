import { LosslessNumber, parse, stringify } from 'lossless-json';

/** A JSON object as parseJson gives it. */
export type JsonObject = { readonly [member: string]: unknown };

/** An integer as parseJson gives it: a bigint from 2^53 on, where a number would be rounded. */
export type JsonInteger = number | bigint;

/**
 * Parses JSON without losing a digit. Numbers become `number` where that prints the same digits
 * again, `bigint` where they are large integers, else lossless-json's LosslessNumber. Of a member that comes twice
 * the last one counts, as in the Go programs that read the same files.
 * @throws SyntaxError with the position, also when the nesting is too deep
 */
export function parseJson(text: string): unknown {
  try {
    return parse(text, undefined, { parseNumber, onDuplicateKey: ({ newValue }) => newValue });
  } catch (error) {
    if (error instanceof RangeError) throw new SyntaxError('nested too deeply', { cause: error });
    throw error;
  }
}

/** Prints what parseJson gave, and plain values, as compact JSON. */
export function printJson(value: unknown): string {
  const text = stringify(value);
  if (text === undefined) throw new TypeError(`no JSON form for ${typeof value}`);
  return text;
}

/** Whether this is a JSON object: not null, not an array, not a number's wrapper. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof LosslessNumber);
}

/** Whether this is an integer within [least, most]. */
export function isJsonInteger(value: unknown, least: JsonInteger, most: JsonInteger): value is JsonInteger {
  if (typeof value !== 'bigint' && !(typeof value === 'number' && Number.isSafeInteger(value))) return false;
  return value >= least && value <= most;
}

function parseNumber(text: string): number | bigint | LosslessNumber {
  const number = Number(text);
  if (Number.isInteger(number) && !Number.isSafeInteger(number) && /^-?\d+$/.test(text)) return BigInt(text);
  return String(number) === text ? number : new LosslessNumber(text);
}
