/** A JSON schema (draft 2020-12), as far as it is used here. */
export type Schema = Readonly<Record<string, unknown>>;

/** All of its members are always there; later versions may add some. */
export function object(properties: Readonly<Record<string, Schema>>): Schema {
  return { type: 'object', properties, required: Object.keys(properties) };
}

export function arrayOf(items: Schema): Schema {
  return { type: 'array', items };
}

/** Null for what there is not. */
export function nullable(schema: Schema): Schema {
  return { anyOf: [schema, { type: 'null' }] };
}

/** With members that are not always there. */
export function withOptional(schema: Schema, properties: Readonly<Record<string, Schema>>): Schema {
  return { ...schema, properties: { ...(schema['properties'] as object), ...properties } };
}
