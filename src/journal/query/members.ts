/** Objects of a question that is not trusted yet. */
import { FieldInvalid } from "../../errors.ts";

/** The members of an object, none but these. Throws FieldInvalid. */
export function members(
  value: unknown,
  field: string,
  known: readonly string[],
): Readonly<Record<string, unknown>> {
  if (!isObject(value)) throw new FieldInvalid(field, "expected an object");
  const stranger = Object.keys(value).find((name) => !known.includes(name));
  if (stranger !== undefined) {
    const name = field === "body" ? stranger : `${field}.${stranger}`;
    throw new FieldInvalid(name, `is not known here; expected ${known.join(", ")}`);
  }
  return value;
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
