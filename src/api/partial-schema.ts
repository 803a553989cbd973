/** The schema of what a client sends, from that of what it gets: every member may be left out. */
import { type TSchema, Type, TypeGuard } from "@sinclair/typebox";

/** All members of an object, and of the objects in it, become optional; so do those of an array's items. */
export function partialSchema(schema: TSchema): TSchema {
  if (TypeGuard.IsObject(schema)) {
    // It is another schema, so it has not the name.
    const { properties, required: _required, $id: _name, ...facts } = schema;
    const optional = Object.entries(properties).map(([name, property]) => [
      name,
      Type.Optional(partialSchema(property)),
    ]);
    return Type.Object(Object.fromEntries(optional), facts);
  }
  if (TypeGuard.IsArray(schema)) {
    const { items, ...facts } = schema;
    return Type.Array(partialSchema(items), facts);
  }
  return schema;
}
