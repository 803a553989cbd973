/**
 * The monitoring bundle brought up for real and validated: Docker, Compose, the server, Prometheus and Alertmanager are
 * real; Grafana is a stand-in. Needs root, debootstrap, docker.io and Compose; says so where they are missing.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BUNDLE, COMPOSE, ROOT, succeeds } from "./support/bundle.ts";

const MINUTE_MS = 60_000;
const binary = process.env["DRAGONFORK_BINARY"] ?? join(ROOT, "dist/dragonfork");

const missing = [
  process.getuid?.() === 0 ? [] : ["root"],
  ["dockerd", "docker", "debootstrap", "unshare", "ip", "curl"].filter((name) => !Bun.which(name)),
  COMPOSE === undefined ? ["Docker Compose"] : [],
  existsSync(binary) ? [] : ["dist/dragonfork (bun run build)"],
].flat();
const title = missing.length === 0 ? "" : ` (not run here, missing: ${missing.join(", ")})`;

/** What was fetched once is not fetched again by the next run in this checkout. */
const PACKAGE_CACHE = join(ROOT, ".tools/packages");

const folder = mkdtempSync(join(tmpdir(), "df-docker-"));

/** What the images are made of. */
async function prepare(): Promise<void> {
  const packages = "ffmpeg,libssl3,ca-certificates,prometheus,prometheus-alertmanager,wget";
  const system = join(folder, "root");
  mkdirSync(PACKAGE_CACHE, { recursive: true });
  const options = [`--cache-dir=${PACKAGE_CACHE}`, `--include=${packages}`];
  await succeeds("debootstrap", "--variant=minbase", ...options, "bookworm", system);
  rmSync(join(system, "var/cache/apt/archives"), { recursive: true, force: true });
  // The Dockerfile's RUN line finds everything installed and needs no network.
  rmSync(join(system, "etc/apt/sources.list"), { force: true });
  const repository = join(folder, "repository");
  mkdirSync(join(repository, "dist"), { recursive: true });
  copyFileSync(binary, join(repository, "dist/dragonfork"));
  mkdirSync(join(folder, "grafana"));
  copyFileSync(process.execPath, join(folder, "grafana/bun"));
  copyFileSync(
    join(import.meta.dir, "docker/stand-in-grafana.ts"),
    join(folder, "grafana/stand-in.ts"),
  );
  const lines = [
    "FROM debian:bookworm-slim",
    "COPY bun stand-in.ts /",
    'ENTRYPOINT ["/bun", "/stand-in.ts"]',
  ];
  writeFileSync(join(folder, "grafana/Dockerfile"), `${lines.join("\n")}\n`);
  const bundle = join(repository, "deploy/truenas/core");
  cpSync(BUNDLE, bundle, {
    recursive: true,
    filter: (path) => !/-data$|\.env$/.test(path),
  });
  const settings = {
    COMPOSE_PROJECT_NAME: "dragonfork",
    COMPOSE_PROFILES: "alerting",
    GRAFANA_ADMIN_PASSWORD: "of-this-test",
    CORE_ID: "dragonfork-under-test",
  };
  const text = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`);
  writeFileSync(join(bundle, ".env"), text.join(""));
}

describe.skipIf(missing.length > 0)(`the bundle in Docker${title}`, () => {
  let output = "";
  let code = -1;

  beforeAll(async () => {
    await prepare();
    const inside = [
      "unshare",
      "--mount",
      "--net",
      "--pid",
      "--fork",
      "--kill-child",
      "--mount-proc",
    ];
    const script = join(import.meta.dir, "docker/bring-up.sh");
    const child = Bun.spawn([...inside, "sh", script, folder, ...(COMPOSE ?? [])], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "inherit",
    });
    output = await new Response(child.stdout).text();
    code = await child.exited;
  }, 12 * MINUTE_MS);

  afterAll(() => rmSync(folder, { recursive: true, force: true }), MINUTE_MS);

  test("every line of validate.sh passes", () => {
    expect(output).not.toContain("FAIL");
    expect(output).toMatch(/^\d\d passed, 0 failed$/m);
    expect(code).toBe(0);
  });
});
