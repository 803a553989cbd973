/** Schemas with a name (`$id`) stand once in the API document: generators make a type of each, not one at every use. */
import { type TSchema, Type } from "@sinclair/typebox";

export class NamedSchemas {
  readonly #schemas = new Map<string, object>();

  /** Those that were met so far, by name. */
  get components(): Readonly<Record<string, object>> {
    return Object.fromEntries(this.#schemas);
  }

  /** The schema with a reference wherever one with a name stands, itself included. */
  refer(schema: TSchema): TSchema {
    return Type.Unsafe(this.#referred(schema) as object);
  }

  #referred(value: unknown): unknown {
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return value.map((one) => this.#referred(one));
    const { $id: name, ...members } = value as { readonly $id?: string };
    const schema = Object.fromEntries(
      Object.entries(members).map(([key, member]) => [key, this.#referred(member)]),
    );
    if (name === undefined) return schema;
    this.#schemas.set(name, schema);
    return { $ref: `#/components/schemas/${name}` };
  }
}
