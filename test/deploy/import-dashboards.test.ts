/** import-dashboards.sh against a listener that answers as Grafana's HTTP API does. */
import { afterAll, beforeEach, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { BUNDLE, run } from "./support/bundle.ts";

interface Call {
  readonly call: string;
  readonly token: string | null;
  // biome-ignore lint/suspicious/noExplicitAny: what the script sends is what is tested.
  readonly body: any;
}

let calls: Call[] = [];
let folderStatus = 200;
const grafana = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  fetch: async (request) => {
    const { pathname } = new URL(request.url);
    const text = await request.text();
    const token = request.headers.get("authorization");
    const body = text === "" ? undefined : JSON.parse(text);
    calls.push({ call: `${request.method} ${pathname}`, token, body });
    if (token !== "Bearer glsa_secret") return new Response("{}", { status: 401 });
    if (pathname.startsWith("/api/datasources/")) {
      return new Response("{}", { status: pathname.endsWith("/other") ? 404 : 200 });
    }
    if (pathname === "/api/folders") return new Response("{}", { status: folderStatus });
    return Response.json({ status: "success" });
  },
});
afterAll(() => grafana.stop(true));
beforeEach(() => {
  calls = [];
  folderStatus = 200;
});

const importAll = (...env: string[]) =>
  run("env", `GRAFANA_URL=${grafana.url}`, ...env, "sh", join(BUNDLE, "import-dashboards.sh"));

test("all dashboards arrive in their folder, with the data source that is there", async () => {
  const { code, output } = await importAll("GRAFANA_TOKEN=glsa_secret", "DATASOURCE_UID=mine");
  expect({ code, output }).toMatchObject({ code: 0 });
  expect(calls.slice(0, 2).map(({ call }) => call)).toEqual([
    "GET /api/datasources/uid/mine",
    "POST /api/folders",
  ]);
  expect(calls[1]?.body).toEqual({ uid: "dragonfork", title: "Dragon Fork" });
  const imported = calls.slice(2);
  expect(imported).toHaveLength(readdirSync(join(BUNDLE, "grafana/dashboards")).length);
  for (const { call, body } of imported) {
    expect(call).toBe("POST /api/dashboards/db");
    expect(body).toMatchObject({ folderUid: "dragonfork", overwrite: true });
    expect(body.dashboard.title).toBeString();
    const sources = [
      ...JSON.stringify(body.dashboard).matchAll(/"type":"prometheus","uid":"(\w+)"/g),
    ];
    expect(new Set(sources.map(([, uid]) => uid))).toEqual(new Set(["mine"]));
  }
});

test("a folder that is there is used", async () => {
  folderStatus = 412;
  expect(await importAll("GRAFANA_TOKEN=glsa_secret")).toMatchObject({ code: 0 });
});

test("a wrong token, an unknown data source and a missing address are told", async () => {
  const wrong = await importAll("GRAFANA_TOKEN=glsa_other");
  expect(wrong).toMatchObject({ code: 1, output: expect.stringContaining("Grafana answers 401") });
  const source = await importAll("GRAFANA_TOKEN=glsa_secret", "DATASOURCE_UID=other");
  expect(source.code).toBe(1);
  expect(source.output).toContain("no data source with the uid other (set DATASOURCE_UID)");
  const nowhere = await run("env", "-u", "GRAFANA_URL", "sh", join(BUNDLE, "import-dashboards.sh"));
  expect(nowhere.code).not.toBe(0);
  expect(nowhere.output).toContain("GRAFANA_URL");
});
