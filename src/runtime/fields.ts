import { RuntimeError, type RuntimeErrorCode } from './errors';
import { isJsonInteger, isJsonObject, type JsonInteger, type JsonObject } from './json';

const UINT32_MAX = 4294967295;
const UINT64_MAX = 18446744073709551615n;

/**
 * Reads the members of a JSON object that came from outside, each with the type that it must have.
 * Every method throws RuntimeError (with the code given here) and names the source and the member, as in
 * `/run/x/process.json: user.uid: expected an integer from 0 to 4294967295, found a string`.
 * The `optional…` methods take a missing member and a null for absent.
 */
export class Fields {
  private constructor(
    readonly values: JsonObject,
    private readonly source: string,
    private readonly path: string,
    private readonly code: RuntimeErrorCode,
  ) {}

  /** @param source what the error names: a file, or the kind of message; @param path of this object in it */
  static of(value: unknown, source: string, code: RuntimeErrorCode, path = ''): Fields {
    if (isJsonObject(value)) return new Fields(value, source, path, code);
    throw new RuntimeError(code, `${[source, path].filter(Boolean).join(': ')}: expected an object, found ${kindOf(value)}`);
  }

  string(name: string): string {
    const value = this.values[name];
    return typeof value === 'string' ? value : this.fail(name, 'expected a string');
  }

  optionalString(name: string): string | undefined {
    return this.isAbsent(name) ? undefined : this.string(name);
  }

  /** A path from the root, without NUL bytes. */
  absolutePath(name: string): string {
    const value = this.string(name);
    return value.startsWith('/') && !value.includes('\0') ? value : this.fail(name, 'expected an absolute path');
  }

  boolean(name: string): boolean {
    const value = this.values[name];
    return typeof value === 'boolean' ? value : this.fail(name, 'expected true or false');
  }

  optionalBoolean(name: string): boolean | undefined {
    return this.isAbsent(name) ? undefined : this.boolean(name);
  }

  /** An integer from `least` to `most`, both safe. */
  integer(name: string, least = 0, most = UINT32_MAX): number {
    const value = this.values[name];
    if (isJsonInteger(value, least, most)) return Number(value);
    return this.fail(name, `expected an integer from ${least} to ${most}`);
  }

  optionalInteger(name: string, least?: number, most?: number): number | undefined {
    return this.isAbsent(name) ? undefined : this.integer(name, least, most);
  }

  uint64(name: string): JsonInteger {
    const value = this.values[name];
    if (isJsonInteger(value, 0, UINT64_MAX)) return value;
    return this.fail(name, `expected an integer from 0 to ${UINT64_MAX}`);
  }

  strings(name: string): readonly string[] {
    const value = this.values[name];
    if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
    return this.fail(name, 'expected a list of strings');
  }

  optionalStrings(name: string): readonly string[] | undefined {
    return this.isAbsent(name) ? undefined : this.strings(name);
  }

  integers(name: string): readonly number[] {
    const value = this.values[name];
    if (Array.isArray(value) && value.every((item) => isJsonInteger(item, 0, UINT32_MAX))) return value as number[];
    return this.fail(name, `expected a list of integers from 0 to ${UINT32_MAX}`);
  }

  object(name: string): Fields {
    const value = this.values[name];
    if (!isJsonObject(value)) return this.fail(name, 'expected an object');
    return new Fields(value, this.source, this.pathOf(name), this.code);
  }

  optionalObject(name: string): Fields | undefined {
    return this.isAbsent(name) ? undefined : this.object(name);
  }

  objects(name: string): readonly Fields[] {
    const value: unknown = this.values[name];
    if (!Array.isArray(value)) return this.fail(name, 'expected a list');
    return value.map((item: unknown, at) => Fields.of(item, this.source, this.code, `${this.pathOf(name)}[${at}]`));
  }

  optionalObjects(name: string): readonly Fields[] {
    return this.isAbsent(name) ? [] : this.objects(name);
  }

  isAbsent(name: string): boolean {
    return this.values[name] === undefined || this.values[name] === null;
  }

  /** Says what is wrong with a member. */
  fail(name: string, problem: string): never {
    const found = problem.startsWith('expected') ? `, found ${kindOf(this.values[name])}` : '';
    throw new RuntimeError(this.code, `${this.source}: ${this.pathOf(name)}: ${problem}${found}`);
  }

  private pathOf(name: string): string {
    return this.path === '' ? name : `${this.path}.${name}`;
  }
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return value === '' ? 'an empty string' : 'a string';
  return isJsonObject(value) ? 'an object' : `the number ${String(value)}`;
}
