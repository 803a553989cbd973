import { Database } from "bun:sqlite";
import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { changeProblems } from "../../../../src/cli/check/changes.ts";
import { loadConfig } from "../../../../src/config/load.ts";
import { lockStore } from "../../../../src/process/store/lock.ts";
import { ProcessStore, storeFileName } from "../../../../src/process/store.ts";

let root: string;
/** Of the server that runs. */
let inUse: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "dragonfork-changes-"));
  inUse = join(root, "in-use");
  ProcessStore.open(inUse).close();
});
afterEach(() => rmSync(root, { recursive: true }));

function configOf(env: Record<string, string>) {
  const loaded = loadConfig({ env: { CORE_DB_DIR: inUse, ...env }, readFile: () => "" });
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
  const folder = join(root, "config");
  ProcessStore.open(folder).close();
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
});

test("a store that was damaged under the server is named, one that it is using is fine", async () => {
  const now = configOf({});
  const store = ProcessStore.open(inUse);
  expect(await changeProblems(now, now)).toEqual([]);
  store.close();
  truncateSync(join(inUse, storeFileName), 6000);
  expect(await changeProblems(now, now)).toEqual([
    expect.stringMatching(/^process store: .*dragonfork\.sqlite is damaged.*restore a copy/),
  ]);
});

test("a store that is gone is named: a start would begin an empty one", async () => {
  const now = configOf({});
  rmSync(inUse, { recursive: true });
  expect(await changeProblems(now, now)).toEqual([
    expect.stringMatching(/^process store: .*dragonfork\.sqlite is gone.*mount its disk/),
  ]);
  expect(await changeProblems(now, configOf({ CORE_DB_DIR: join(root, "new") }))).toEqual([]);
});

test("another folder's store may be older than this version, not newer", async () => {
  const folder = join(root, "other");
  const next = configOf({ CORE_DB_DIR: folder });
  const setVersion = (version: number) => {
    const database = new Database(join(folder, storeFileName));
    database.run(`PRAGMA user_version = ${version}`);
    database.close();
  };
  ProcessStore.open(folder).close();
  setVersion(1);
  expect(await changeProblems(configOf({}), next)).toEqual([]);
  setVersion(99);
  expect(await changeProblems(configOf({}), next)).toEqual([
    expect.stringMatching(/^process store: .*written by a newer version \(99/),
  ]);
});

test("a folder that became unusable is named, also where it is the same", async () => {
  const now = configOf({ CORE_DB_DIR: join(root, "file", "db") });
  writeFileSync(join(root, "file"), "");
  expect(await changeProblems(now, now)).toContainEqual(
    expect.stringMatching(/^database folder: .*file\/db.*Choose another CORE_DB_DIR/),
  );
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
