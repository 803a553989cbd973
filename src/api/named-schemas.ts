/** Schemas with a name (`$id`) stand once in the API document: generators make a type of each, not one at every use. */
import { isTree, type Tree } from "../config/tree.ts";

/** The document with its named schemas under `components`, and a reference wherever one of them stood. */
export function nameSchemas(document: Tree): Tree {
  const schemas: Tree = {};
  const named = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(named);
    if (!isTree(value)) return value;
    const { $id: name, ...members } = value;
    const schema = namedMembers(members);
    if (typeof name !== "string") return schema;
    schemas[name] = schema;
    return { $ref: `#/components/schemas/${name}` };
  };
  const namedMembers = (members: Tree): Tree =>
    Object.fromEntries(Object.entries(members).map(([name, member]) => [name, named(member)]));
  const { components, ...rest } = namedMembers(document);
  return { ...rest, components: { ...(isTree(components) && components), schemas } };
}
