import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { changeProblems } from "../../../../src/cli/check/changes.ts";
import { loadConfig } from "../../../../src/config/load.ts";
import { lockStore } from "../../../../src/process/store/lock.ts";

function configOf(env: Record<string, string>) {
  const loaded = loadConfig({ env, readFile: () => "" });
  if ("problems" in loaded) throw new Error(loaded.problems.join("; "));
  return loaded.config;
}

test("what a running server holds itself is not tried", async () => {
  const http = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
  const media = await Bun.udpSocket({ hostname: "0.0.0.0", port: 0 });
  const now = configOf({
    CORE_ADDRESS: `127.0.0.1:${http.port}`,
    CORE_WEBRTC_UDP_PORT: String(media.port),
  });
  expect(await changeProblems(now, { ...now, name: "other" })).toEqual([]);
  media.close();
  await http.stop(true);
});

test("a new port that is taken and a new folder that cannot be made are named", async () => {
  const http = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
  const media = await Bun.udpSocket({ hostname: "0.0.0.0", port: 0 });
  const next = configOf({
    CORE_ADDRESS: `127.0.0.1:${http.port}`,
    CORE_WEBRTC_UDP_PORT: String(media.port),
    CORE_DB_DIR: "/proc/here",
  });
  expect(await changeProblems(configOf({}), next)).toEqual([
    expect.stringContaining(`HTTP address: 127.0.0.1:${http.port}`),
    expect.stringContaining("media port: "),
    expect.stringContaining("database folder: /proc/here"),
  ]);
  media.close();
  await http.stop(true);
});

test("the port that the server holds may be wanted on other addresses", async () => {
  const http = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
  const now = configOf({ CORE_ADDRESS: `127.0.0.1:${http.port}` });
  expect(await changeProblems(now, { ...now, address: `:${http.port}` })).toEqual([]);
  expect(await changeProblems(now, { ...now, address: `192.0.2.1:${http.port}` })).toEqual([
    expect.stringContaining(`HTTP address: 192.0.2.1:${http.port}`),
  ]);
  await http.stop(true);
});

test("a database folder that another server uses is named, the server's own by another path is not", async () => {
  const root = mkdtempSync(join(tmpdir(), "dragonfork-changes-"));
  const folder = join(root, "config");
  const unlock = lockStore(folder);
  symlinkSync(folder, join(root, "link"));
  const now = configOf({ CORE_DB_DIR: join(root, "now") });
  const own = configOf({ CORE_DB_DIR: folder });
  expect(await changeProblems(now, own)).toEqual([
    expect.stringMatching(/^database folder: .*in use by a running server/),
  ]);
  expect(await changeProblems(own, configOf({ CORE_DB_DIR: join(root, "link") }))).toEqual([]);
  unlock();
  expect(await changeProblems(now, own)).toEqual([]);
  rmSync(root, { recursive: true });
});

test("each further media worker needs its port", async () => {
  const taken = await Bun.udpSocket({ hostname: "0.0.0.0", port: 0 });
  const now = configOf({ CORE_WEBRTC_UDP_PORT: String(taken.port - 1), CORE_MEDIA_WORKERS: "1" });
  const next = { ...now, media: { workers: 2 } };
  expect(await changeProblems(now, next)).toEqual([
    expect.stringContaining(`UDP port ${taken.port}`),
  ]);
  taken.close();
});

test("a key file that is gone is named, a URL is not asked", async () => {
  const now = configOf({ CORE_WEBRTC_VIEWER_JWKS: "https://127.0.0.1:1/keys" });
  const next = configOf({ CORE_WEBRTC_VIEWER_JWKS: "/nowhere/keys.json" });
  expect(await changeProblems(now, now)).toEqual([]);
  expect(await changeProblems(next, next)).toEqual([
    expect.stringMatching(/^viewer keys: .*\/nowhere\/keys\.json.*CORE_WEBRTC_VIEWER_JWKS/),
  ]);
});
