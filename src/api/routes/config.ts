/** /api/v3/config: the configuration in effect. It is changed in the file or the environment, then reloaded. */
import { Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { changedNames } from "../../config/core-view.ts";
import { isTree, type Tree } from "../../config/tree.ts";
import { ProcessInvalid } from "../../errors/process.ts";
import { operation } from "../documentation.ts";
import { JSON_TYPE, readJson, sendJson } from "../json.ts";
import { OkSchema } from "../schemas.ts";

export interface ConfigRoutesOptions {
  /** In Core's shape, without secrets. */
  readonly view: Tree;
  /** Dotted names of the settings that come from the environment. */
  readonly overrides: readonly string[];
  /** Unix milliseconds of the start with this configuration. */
  readonly loadedMs: number;
  /**
   * Starts the server anew with the file and environment as they are now, after the answer. Returns what is wrong with
   * them, without passwords; then nothing is done.
   */
  readonly reload: () => Promise<readonly string[]>;
}

const PATH = "/api/v3/config";
const VERSIONS: readonly unknown[] = [1, 2, 3];

export function configRoutes(options: ConfigRoutesOptions) {
  return new Elysia({ name: "config" })
    .get(PATH, ({ set }) => sendJson(set, answerOf(options)), { detail: getDetail })
    .put(
      PATH,
      async ({ request, set }) => {
        const refused = refusals(options.view, await readJson(request));
        // Core's own shape for values that it does not take.
        if (Object.keys(refused).length > 0) set.status = 409;
        return sendJson(set, set.status === 409 ? refused : "OK");
      },
      { parse: "none", detail: setDetail },
    )
    .get(
      `${PATH}/reload`,
      async ({ set }) => {
        const problems = await options.reload();
        if (problems.length > 0) throw new ProcessInvalid("Configuration not reloaded", problems);
        return sendJson(set, "OK");
      },
      { detail: reloadDetail },
    );
}

function answerOf({ view, overrides, loadedMs }: ConfigRoutesOptions) {
  const time = new Date(loadedMs).toISOString();
  return {
    created_at: time,
    loaded_at: time,
    updated_at: time,
    config: { created_at: time, ...view },
    overrides,
  };
}

function refusals(view: Tree, body: unknown): Record<string, string[]> {
  if (!isTree(body)) throw new ProcessInvalid("Invalid JSON", ["body: allowed: an object"]);
  const { version = 0 } = body;
  if (!VERSIONS.includes(version)) {
    throw new ProcessInvalid("Invalid config version", [`version ${JSON.stringify(version)}`]);
  }
  const reason = `set in the configuration file or the environment of the server; change it there, then GET ${PATH}/reload`;
  const names = changedNames(view, { ...body, version: view["version"] });
  return Object.fromEntries(names.map((name) => [name, [reason]]));
}

const ConfigSchema = Type.Object({
  created_at: Type.String({ format: "date-time" }),
  loaded_at: Type.String({ format: "date-time", description: "When the server started with it." }),
  updated_at: Type.String({ format: "date-time" }),
  config: Type.Record(Type.String(), Type.Unknown(), {
    description: "As in datarhei Core, version 3, with this server's own settings; no secrets.",
  }),
  overrides: Type.Array(Type.String(), { description: "Settings that come from the environment." }),
});

const time = "2026-11-20T21:03:38.120Z";
const common = { tag: "Server", access: "admin" } as const;

const getDetail = operation({
  ...common,
  summary: "Get the configuration of the server",
  description: "The settings in effect. Passwords, tokens and keys are left out.",
  answers: {
    200: {
      description: "The configuration.",
      type: JSON_TYPE,
      schema: ConfigSchema,
      example: {
        created_at: time,
        loaded_at: time,
        updated_at: time,
        config: { version: 3, id: "dragonfork", address: "127.0.0.1:8080" },
        overrides: ["address"],
      },
    },
  },
  problems: ["unauthorized", "forbidden"],
});

const setDetail = operation({
  ...common,
  summary: "Try to change the configuration of the server",
  description:
    "Answers OK if nothing would change. Settings are changed in the file and the environment, so every other value is refused by name.",
  body: {
    type: JSON_TYPE,
    schema: Type.Object(
      { version: Type.Integer({ minimum: 1, maximum: 3 }) },
      { additionalProperties: true },
    ),
    example: { version: 3, name: "studio" },
  },
  answers: {
    200: { description: "Nothing to change.", type: JSON_TYPE, schema: OkSchema, example: "OK" },
    409: {
      description: "Some values were refused: the reasons by name of the setting.",
      type: JSON_TYPE,
      schema: Type.Record(Type.String(), Type.Array(Type.String())),
      example: { name: ["set in the configuration file or the environment of the server"] },
    },
  },
  problems: ["unauthorized", "forbidden", "process-invalid", "body-too-large"],
});

const reloadDetail = operation({
  ...common,
  summary: "Restart the server with its configuration",
  description:
    "Reads the file and the environment again. If they are valid, and new ports and folders can be used, the server stops, which ends all sessions and FFmpeg processes, and starts with them; otherwise it goes on as it is, and the answer says what is wrong.",
  answers: {
    200: { description: "The server restarts.", type: JSON_TYPE, schema: OkSchema, example: "OK" },
  },
  problems: ["unauthorized", "forbidden", "process-invalid"],
});
