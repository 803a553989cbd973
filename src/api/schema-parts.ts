/** What the schemas of requests and answers are put together from. */
import { type TSchema, Type } from "@sinclair/typebox";

export const nullable = <Schema extends TSchema>(schema: Schema) =>
  Type.Union([schema, Type.Null()]);

export const time = (description: string) => Type.String({ format: "date-time", description });

/** One of these words. */
export const literals = (...values: readonly string[]) =>
  Type.Union(values.map((value) => Type.Literal(value)));
