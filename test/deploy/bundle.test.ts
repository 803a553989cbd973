/** The files of the monitoring bundle in deploy/truenas/core hold together. Needs promtool. */
import { describe, expect, test } from "bun:test";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { BUNDLE, COMPOSE, CORE, ROOT, run, succeeds, yaml } from "./support/bundle.ts";

describe("files of the bundle", () => {
  const compose = yaml("docker-compose.yml");

  test("promtool accepts the configuration", () =>
    succeeds("promtool", "check", "config", join(BUNDLE, "prom/prometheus.yml")));

  test("scrape configuration", () => {
    const config = yaml("prom/prometheus.yml");
    expect(config.global).toEqual({
      scrape_interval: "15s",
      scrape_timeout: "10s",
      evaluation_interval: "15s",
      external_labels: { core: `\${CORE_ID}` },
    });
    expect(config.scrape_configs).toEqual([
      {
        job_name: "dragonfork-core",
        metrics_path: "/metrics",
        static_configs: [{ targets: ["host.docker.internal:8080"] }],
      },
      { job_name: "prometheus", static_configs: [{ targets: ["localhost:9090"] }] },
    ]);
    expect(compose.services.prom.environment.CORE_ID).toBe(
      compose.services.core.environment.CORE_ID,
    );
    expect(compose.services.prom.command).toContain("--enable-feature=expand-external-labels");
  });

  test("the block for a guarded /metrics is valid once its comment signs are gone", async () => {
    const text = readFileSync(join(BUNDLE, "prom/prometheus.yml"), "utf8");
    const enabled = text.replaceAll(
      /^( *)# (basic_auth:| {2}(?:username|password)_file:)/gm,
      "$1$2",
    );
    const [core] = parse(enabled).scrape_configs;
    expect(core.basic_auth).toEqual({
      username_file: "/run/secrets/prom_basic_user",
      password_file: "/run/secrets/prom_basic_pass",
    });
    expect(compose.services.prom.volumes).toContain("./secrets:/run/secrets:ro");
  });

  test("compose: images, networks, ports and accounts", () => {
    const { core, prom, grafana, alertmanager } = compose.services;
    expect(core.network_mode).toBe("host");
    expect(core.environment.CORE_ID).toBe(`\${CORE_ID:-${CORE}}`);
    expect(core.environment.CORE_ADDRESS).toBe(`:\${CORE_HTTP_PORT:-8080}`);
    expect(prom.image).toBe("prom/prometheus:v2.55.0");
    expect(prom.extra_hosts).toEqual(["host.docker.internal:host-gateway"]);
    expect(prom.ports).toEqual([`\${PROM_PORT:-9090}:9090`]);
    expect(prom.command).toContain(`--storage.tsdb.retention.time=\${PROM_RETENTION_DAYS:-15d}`);
    expect(grafana.image).toBe("grafana/grafana-oss:11.3.0");
    expect(grafana.ports).toEqual([`\${GRAFANA_PORT:-3000}:3000`]);
    expect(grafana.environment).toMatchObject({
      GF_SECURITY_ADMIN_PASSWORD: `\${GRAFANA_ADMIN_PASSWORD:?set it in .env}`,
      GF_USERS_ALLOW_SIGN_UP: "false",
      GF_AUTH_ANONYMOUS_ENABLED: "false",
    });
    expect(compose.networks["dragonfork-mon"].driver).toBe("bridge");
    expect(alertmanager.profiles).toEqual(["alerting"]);
    for (const { networks } of [prom, grafana, alertmanager]) {
      expect(networks).toEqual(["dragonfork-mon"]);
    }
    for (const service of [core, prom, grafana, alertmanager]) {
      expect(service).toMatchObject({ read_only: true, cap_drop: ["ALL"] });
      expect(service.user).toMatch(/^[1-9]\d*:\d+$/);
      expect(service.mem_limit).toBeString();
      // What bounds the log on disk.
      expect(service.logging).toEqual({ driver: "local" });
      expect(service.healthcheck.test).toBeArray();
    }
  });

  test("compose: what is mounted or built exists, and its variables are in .env.example", () => {
    const text = readFileSync(join(BUNDLE, "docker-compose.yml"), "utf8");
    const mounts = [...text.matchAll(/- (\.\/\S+?):/g)].map(([, path]) => path ?? "");
    const data = ["./alertmanager-data", "./core-data", "./grafana-data", "./prom-data"];
    const missing = mounts.filter((path) => !existsSync(join(BUNDLE, path)));
    expect([...new Set(missing)].filter((path) => !data.includes(path))).toEqual([]);
    expect(data.filter((path) => !mounts.includes(path))).toEqual([]);
    const { context } = compose.services.core.build;
    expect(existsSync(join(BUNDLE, context, "..", "deploy/truenas/core/Dockerfile"))).toBe(true);
    const used = new Set([...text.matchAll(/\$\{(\w+)/g)].map(([, name]) => name ?? ""));
    const example = readFileSync(join(BUNDLE, ".env.example"), "utf8");
    const named = [...example.matchAll(/^(\w+)=/gm)].map(([, name]) => name ?? "");
    const composesOwn = ["COMPOSE_PROFILES", "COMPOSE_PROJECT_NAME"];
    expect(named.toSorted()).toEqual([...used, ...composesOwn].toSorted());
    const readme = readFileSync(join(BUNDLE, "README.md"), "utf8");
    expect(named.filter((name) => !readme.includes(`\`${name}\``))).toEqual([]);
  });

  test.skipIf(COMPOSE === undefined)(
    "compose understands it and insists on the password",
    async () => {
      const file = join(BUNDLE, "docker-compose.yml");
      // What is built from is looked for, too.
      mkdirSync(join(ROOT, "dist"), { recursive: true });
      const config = (password: string) =>
        run("env", `GRAFANA_ADMIN_PASSWORD=${password}`, ...(COMPOSE ?? []), "-f", file, "config");
      expect(await config("secret")).toMatchObject({ code: 0 });
      expect((await config("")).code).not.toBe(0);
    },
    60_000,
  );

  test("the checklist of the README and validate.sh have the same lines, in the same order", () => {
    const script = readFileSync(join(BUNDLE, "validate.sh"), "utf8");
    const checks = [...script.matchAll(/\bcheck (?:'([^']+)'|"((?:[^"\\]|\\.)+)")/g)];
    const inScript = checks.map(([, plain, quoted]) =>
      (plain ?? quoted ?? "")
        .replace("$container", "(container)")
        .replace("$core_id", "(CORE_ID)")
        .replaceAll('\\"', '"'),
    );
    const readme = readFileSync(join(BUNDLE, "README.md"), "utf8");
    const list = readme.slice(readme.indexOf("| Line | How to see it |"));
    const inReadme = [...list.matchAll(/^\| (.+?) \| .* \|$/gm)].map(([, line]) => line ?? "");
    expect(inReadme.slice(2)).toEqual(inScript);
  });

  test("validate.sh fails line by line where nothing runs", async () => {
    const bundle = mkdtempSync(join(tmpdir(), "dragonfork-bundle-"));
    const noPorts = "PROM_PORT=1\nGRAFANA_PORT=1\nCORE_HTTP_PORT=1\n";
    writeFileSync(join(bundle, ".env"), `GRAFANA_ADMIN_PASSWORD=x\n${noPorts}`);
    for (const path of ["validate.sh", "prom", "grafana"]) {
      cpSync(join(BUNDLE, path), join(bundle, path), { recursive: true });
    }
    const none = ["DOCKER_HOST=unix:///nowhere", "VALIDATE_SECONDS=0"];
    const { code, output } = await run("env", ...none, "sh", join(bundle, "validate.sh"));
    rmSync(bundle, { recursive: true });
    expect(code).toBe(1);
    expect(output).toContain("pass  .env has a password for Grafana\n");
    expect(output).toContain("FAIL  Prometheus scrapes the server\n");
    expect(output).toMatch(/^1 passed, 2\d failed$/m);
  }, 60_000);

  test("Grafana finds Prometheus and the dashboards", () => {
    const [source] = yaml("grafana/provisioning/datasources/prometheus.yml").datasources;
    expect(source).toMatchObject({
      name: "Prometheus",
      uid: "prometheus",
      type: "prometheus",
      access: "proxy",
      url: "http://prom:9090",
      isDefault: true,
      editable: false,
    });
    const [provider] = yaml("grafana/provisioning/dashboards/webrtc.yml").providers;
    expect(provider).toMatchObject({ name: "dragonfork", folder: "Dragon Fork", type: "file" });
    expect(compose.services.grafana.volumes).toContain(
      `./grafana/dashboards:${provider.options.path}:ro`,
    );
  });
});
