/** Schemas with a name (`$id`) stand once in the API document: generators make a type of each, not one at every use. */

export type Members = { readonly [name: string]: unknown };

/** The document with its named schemas under `components`, and a reference wherever one of them stood. */
export function nameSchemas(document: Members): Members {
  const schemas: Record<string, unknown> = {};
  const named = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(named);
    if (!isMembers(value)) return value;
    const { $id: name, ...members } = value;
    const schema = namedMembers(members);
    if (typeof name !== "string") return schema;
    schemas[name] = schema;
    return { $ref: `#/components/schemas/${name}` };
  };
  const namedMembers = (members: Members): Members =>
    Object.fromEntries(Object.entries(members).map(([name, member]) => [name, named(member)]));
  const { components, ...rest } = namedMembers(document);
  return { ...rest, components: { ...(isMembers(components) && components), schemas } };
}

function isMembers(value: unknown): value is Members {
  return typeof value === "object" && value !== null;
}
