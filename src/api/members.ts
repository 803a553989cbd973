/** A JSON object of a request held against a schema, with words for what is wrong with each member. */
import type { Static, TObject } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";

/** What is allowed in each member, in words that end the message about a wrong one. */
export type Allowed = Readonly<Record<string, string>>;

/** The value with the schema's defaults, or one sentence for each wrong member. A null counts as not given. */
export function readMembers<Schema extends TObject>(
  schema: Schema,
  allowed: Allowed,
  body: unknown,
): { readonly value: Static<Schema> } | { readonly problems: readonly string[] } {
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    return { problems: ["body: allowed: an object"] };
  }
  const given = Object.entries(body).filter(([, value]) => value !== null);
  const value = Value.Default(schema, Object.fromEntries(given));
  if (Value.Check(schema, value)) return { value };
  const names = new Set([...Value.Errors(schema, value)].map(({ path }) => path.slice(1)));
  return { problems: [...names].map((name) => problemOf(name, allowed, body)) };
}

function problemOf(name: string, allowed: Allowed, body: object): string {
  const words = allowed[name];
  if (words === undefined) {
    const known = Object.keys(allowed).join(", ");
    return `${name.slice(0, 64)}: found an unknown member; allowed: ${known}`;
  }
  const found = JSON.stringify(Reflect.get(body, name)) ?? "nothing";
  return `${name}: found ${found.slice(0, 80)}; allowed: ${words}`;
}
