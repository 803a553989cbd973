/** The API document is whole: every route is in it, with words, statuses, schemas and examples. */
import { describe, expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import { PROBLEMS, ProblemSchema } from "../../src/api/problem.ts";
import { Harness } from "./support/harness.ts";
import { testLogin } from "./support/login.ts";

interface Media {
  readonly schema?: object;
  readonly example?: unknown;
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
}
interface Operation {
  readonly tags?: readonly string[];
  readonly summary?: string;
  readonly description?: string;
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, Media>> };
  readonly responses: Readonly<
    Record<
      string,
      { readonly description: string; readonly content?: Readonly<Record<string, Media>> }
    >
  >;
  readonly security?: readonly unknown[];
}
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

const NO_PROFILES = {
  cpu: async () => new Uint8Array(),
  heap: () => new Uint8Array(),
  heapText: () => "",
  heapSnapshot: () => "",
};
/** With every route that a setting can add. */
const harness = () =>
  new Harness({
    login: testLogin(),
    profiling: NO_PROFILES,
    whep: { playerReports: true },
  });
const document: Document = JSON.parse((await harness().send("GET", "/swagger/json")).body);
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ name: `${method} ${path}`, operation })),
);

describe("the document", () => {
  test("has every route of the application but pages and refusals", () => {
    const hidden = ["/swagger", "/assets", "/player", "/favicon.ico"];
    const routes = harness()
      .app.routes // OPTIONS of the endpoints are left out by the plug-in's default.
      .filter(({ method }) => method !== "ALL" && method !== "OPTIONS")
      .filter(({ path }) => path !== "/" && !hidden.some((prefix) => path.startsWith(prefix)))
      .map(
        ({ method, path }) =>
          `${method.toLowerCase()} ${path.replace(/:(\w+)/g, "{$1}").replace("*", "{path}")}`,
      );
    const names = operations.map(({ name }) => name);
    expect(routes.filter((route) => !names.includes(route))).toEqual([]);
    expect(routes.length).toBeGreaterThan(25);
  });

  test.each(operations)("describes $name", ({ operation, name }) => {
    expect(operation.summary).toBeString();
    expect(operation.description).toBeString();
    expect(operation.tags).toHaveLength(1);
    const inPath = [...name.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => parameter ?? "");
    const described = (operation.parameters ?? []).filter((parameter) => parameter.in === "path");
    expect(described.map((parameter) => parameter.name)).toEqual(inPath);
    if (/^(post|put|patch) /.test(name)) expect(operation.requestBody).toBeDefined();
    const refresh = name === "get /api/login/refresh";
    // The secret in a report's URL says whose it is.
    const whep = name.includes("/whep/") && !/^options |\/report$/.test(name);
    const profiles = name.includes("/debug/");
    const open = /\/(?:whep|widget)\//.test(name);
    const admin = refresh || profiles || (name.includes("/api/v3/") && !open);
    const token = { bearer: [] };
    expect(operation.security).toEqual(admin ? [token] : whep ? [token, {}] : []);
  });

  test("has a schema and an example for every JSON body", () => {
    for (const { name, operation } of operations) {
      const bodies = [operation.requestBody, ...Object.values(operation.responses)];
      for (const media of bodies.map((body) => body?.content?.["application/json"])) {
        if (media === undefined) continue;
        expect(media.schema, name).toBeDefined();
        expect(media.example, name).toBeDefined();
      }
    }
  });

  test("says of every body what it is, so that generated clients have its type", () => {
    for (const { name, operation } of operations) {
      for (const body of [operation.requestBody, ...Object.values(operation.responses)]) {
        for (const { schema } of Object.values(body?.content ?? {})) {
          expect(schema, name).toBeDefined();
        }
      }
    }
  });

  test("has named types for what clients handle most, each once", () => {
    const { schemas } = document.components;
    const names = ["Process", "ProcessConfig", "ProcessState", "Stream", "Viewer", "Session"];
    expect(Object.keys(schemas)).toEqual(expect.arrayContaining([...names, "Event", "Problem"]));
    expect(schemas["Process"]).toMatchObject({
      properties: { state: { $ref: "#/components/schemas/ProcessState" } },
    });
    const process = document.paths["/api/v3/process/{id}"]?.["get"]?.responses["200"];
    expect(process?.content?.["application/json"]?.schema).toEqual({
      $ref: "#/components/schemas/Process",
    });
    expect(JSON.stringify(document)).not.toContain('"$id"');
  });

  test.each(["/api/v3/webrtc/streams/{id}/tokens", "/api/v3/alerts/test", "/api/v3/process"])(
    "requires no member of what is sent to %s, as the server does",
    (path) => {
      const body = document.paths[path]?.["post"]?.requestBody?.content["application/json"];
      expect(body?.schema).toMatchObject({ type: "object" });
      expect(body?.schema).not.toHaveProperty("required");
    },
  );

  test("has an example of each problem that fits its schema", () => {
    const seen = new Set<string>();
    for (const { operation } of operations) {
      for (const response of Object.values(operation.responses)) {
        const examples = response.content?.["application/problem+json"]?.examples ?? {};
        for (const [kind, { value }] of Object.entries(examples)) {
          seen.add(kind);
          expect(Value.Check(ProblemSchema, value)).toBe(true);
          // An example says what a client really gets: its type, and more than the title.
          expect(value).toMatchObject({ type: `/problems/${kind}` });
          const { title, detail } = value as { title: string; detail: string };
          expect(detail, kind).not.toBe(title);
        }
      }
    }
    // These are not of one route: the framework's, our own failures, and what is no route.
    const general = [
      "request-invalid",
      "internal",
      "route-not-found",
      "method-not-allowed",
      "no-leg-port",
      "media-socket-failed",
    ];
    const missing = Object.keys(PROBLEMS).filter(
      (kind) => !seen.has(kind) && !general.includes(kind),
    );
    expect(missing).toEqual([]);
  });
});
