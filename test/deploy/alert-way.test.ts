/**
 * The way of an alert: asked for at the server, seen by Prometheus, sent by Alertmanager with the shipped configuration.
 * Slack and PagerDuty are listeners of this test. Needs prometheus and prometheus-alertmanager.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePorts } from "../support/free-ports.ts";
import { startServer, type TestServer } from "../support/start-server.ts";
import { until } from "../support/whep-player.ts";
import { BUNDLE, CORE } from "./support/bundle.ts";
import { Prometheus } from "./support/prometheus.ts";

const folder = mkdtempSync(join(tmpdir(), "dragonfork-alertmanager-"));
let server: TestServer;
let prometheus: Prometheus;
let alertmanager: Bun.Subprocess;
/** Host and port of Alertmanager. */
let address: string;

/** What arrived, by path. */
const arrived: { readonly path: string; readonly body: string }[] = [];
const listener = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  fetch: async (request) => {
    arrived.push({ path: new URL(request.url).pathname, body: await request.text() });
    return Response.json({ status: "success" }, { status: 202 });
  },
});

/** The shipped configuration with this test's secrets and listener, and quicker. */
function configure(): string {
  const secret = (name: string, text: string) => writeFileSync(join(folder, name), text);
  secret("slack_webhook_url", `${listener.url}slack`);
  secret("slack_webhook_url_security", `${listener.url}slack-security`);
  secret("pagerduty_routing_key", "the-key");
  secret("smtp_password", "unused");
  const file = join(folder, "alertmanager.yml");
  const shipped = readFileSync(join(BUNDLE, "alertmanager/alertmanager.yml"), "utf8")
    .replaceAll("/run/secrets/", `${folder}/`)
    .replaceAll(/group_wait: \d+s/g, "group_wait: 200ms")
    .replace("smtp.example.com:587", "127.0.0.1:1")
    .replace("global:", `global:\n  pagerduty_url: ${listener.url}pagerduty`);
  writeFileSync(file, shipped);
  return file;
}

beforeAll(async () => {
  const [port, cluster] = await freePorts(2);
  address = `127.0.0.1:${port}`;
  alertmanager = Bun.spawn(
    [
      "prometheus-alertmanager",
      `--config.file=${configure()}`,
      `--storage.path=${folder}/data`,
      `--web.listen-address=${address}`,
      `--cluster.listen-address=127.0.0.1:${cluster}`,
      "--log.level=error",
    ],
    { stdin: "ignore", stdout: "ignore", stderr: "ignore" },
  );
  const isReady = async () =>
    (await fetch(`http://${address}/-/ready`).catch(() => undefined))?.ok === true;
  await until(isReady, 40_000, "Alertmanager");
  server = await startServer({ env: { CORE_ID: CORE } });
  prometheus = await Prometheus.start(new URL(server.url).host, { alertmanager: address });
}, 90_000);

afterAll(async () => {
  await prometheus?.stop();
  alertmanager?.kill();
  await alertmanager?.exited;
  await server?.stop();
  await listener.stop(true);
  rmSync(folder, { recursive: true, force: true });
});

const at = (path: string) => arrived.filter((one) => one.path === path).map(({ body }) => body);

async function raise(severity: string, team: string): Promise<void> {
  const answer = await fetch(`${server.url}/api/v3/alerts/test`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ severity, team, seconds: 60 }),
  });
  expect(answer.status).toBe(202);
}

test("a critical test alert reaches PagerDuty and Slack, with the name of the server and the runbook", async () => {
  await raise("critical", "webrtc");
  const both = () => at("/slack").length > 0 && at("/pagerduty").length > 0;
  await until(both, 40_000, "the alert to arrive");
  expect(at("/slack")[0]).toContain(`Test alert of ${CORE}`);
  expect(at("/slack")[0]).toContain("#incident-response");
  expect(at("/slack")[0]).toContain("runbooks.md#dragonforktestalert");
  const page = JSON.parse(at("/pagerduty")[0] ?? "");
  expect(page).toMatchObject({ routing_key: "the-key", event_action: "trigger" });
}, 60_000);

test("one of security goes to the channel of security alone", async () => {
  const before = at("/slack").length;
  await raise("critical", "security");
  await until(() => at("/slack-security").length > 0, 40_000, "the alert to arrive");
  expect(at("/slack-security")[0]).toContain("#security-incidents");
  expect(at("/slack").slice(before).join("")).not.toContain('team = "security"');
  expect(at("/slack").length).toBe(before);
}, 60_000);

test("a site of 30 cameras that fails is one page and one message, with the cameras' names", async () => {
  const before = { slack: at("/slack").length, pages: at("/pagerduty").length };
  const alerts = Array.from({ length: 30 }, (_, i) => ({
    labels: {
      alertname: "WebRTCFFmpegLegFailure",
      core: CORE,
      severity: "critical",
      team: "webrtc",
      stream_id: `cam${i}`,
      leg: "video",
    },
    annotations: {
      summary: `The video of cam${i} stopped coming from FFmpeg`,
      description: "Viewers may see a frozen picture.",
      runbook_url: "runbooks.md#webrtcffmpeglegfailure",
    },
  }));
  const answer = await fetch(`http://${address}/api/v2/alerts`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(alerts),
  });
  expect(answer.status).toBe(200);
  const slack = () => at("/slack").slice(before.slack);
  const pages = () => at("/pagerduty").slice(before.pages);
  await until(() => slack().length > 0 && pages().length > 0, 40_000, "the alerts to arrive");
  // Others would have come with the same end of the groups' wait.
  await Bun.sleep(1000);
  expect([slack().length, pages().length]).toEqual([1, 1]);
  expect(slack()[0]).toContain(`firing: WebRTCFFmpegLegFailure of ${CORE}, 30 times`);
  expect(slack()[0]).toContain("The video of cam0 stopped coming");
  expect(slack()[0]).toContain("30 in all");
  expect(pages()[0]).toContain(`WebRTCFFmpegLegFailure of ${CORE}, 30 times`);
}, 60_000);
