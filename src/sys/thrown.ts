// What was thrown, by its fields and not by its class: Node's own errors are of another realm than ours inside of a
// `node:vm` context, and no `instanceof Error` there.

/** The `code` of an error of this room or of Node's: `ENOENT`. Undefined for anything else. */
export function errorCodeOf(thrown: unknown): string | undefined {
  const code = typeof thrown === 'object' && thrown !== null && 'code' in thrown ? thrown.code : undefined;
  return typeof code === 'string' ? code : undefined;
}

/** The words of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  if (typeof thrown === 'object' && thrown !== null && 'message' in thrown) return String(thrown.message);
  return String(thrown);
}
