/** /api/v3/metadata: what clients keep about the whole server. */
import { Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import type { ServerMetadata } from "../../process/server-metadata.ts";
import { METADATA_KEY, operation } from "../documentation.ts";
import { JSON_TYPE, readJson, sendJson } from "../json.ts";
import { MetadataSchema } from "../schemas.ts";

export type MetadataRoutesOptions = Pick<ServerMetadata, "all" | "get" | "set">;

const ALL = "/api/v3/metadata";
const ONE = `${ALL}/:key`;

export function metadataRoutes(metadata: MetadataRoutesOptions) {
  return new Elysia({ name: "metadata" })
    .get(ALL, ({ set }) => sendJson(set, metadata.all()), { detail: allDetail })
    .get(ONE, ({ params, set }) => sendJson(set, metadata.get(params.key)), { detail: oneDetail })
    .put(
      ONE,
      async ({ params, request, set }) => {
        const value = await readJson(request);
        metadata.set(params.key, value);
        return sendJson(set, value);
      },
      { parse: "none", detail: setDetail },
    );
}

const example = { theme: "dark" };
const common = { tag: "Server", access: "admin" } as const;
const value = {
  200: { description: "The value.", type: JSON_TYPE, schema: Type.Unknown(), example },
};

const allDetail = operation({
  ...common,
  summary: "Get the metadata of the server",
  description: "What clients have stored; null if there is nothing.",
  answers: {
    200: {
      description: "All values by key.",
      type: JSON_TYPE,
      schema: MetadataSchema,
      example: { ui: example },
    },
  },
  problems: ["unauthorized", "forbidden"],
});

const oneDetail = operation({
  ...common,
  summary: "Get one value of the metadata of the server",
  description: "404 if the key is unknown.",
  parameters: [METADATA_KEY],
  answers: value,
  problems: ["unauthorized", "forbidden", "metadata-not-found"],
});

const setDetail = operation({
  ...common,
  summary: "Set one value of the metadata of the server",
  description: "Any JSON; null removes the key. Kept across restarts.",
  parameters: [METADATA_KEY],
  body: { type: JSON_TYPE, schema: Type.Unknown(), example },
  answers: value,
  problems: ["unauthorized", "forbidden", "process-invalid", "body-too-large", "store-failed"],
});
