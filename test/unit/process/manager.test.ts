import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  CommandFailed,
  ProcessInvalid,
  ProcessNotFound,
  StoreFailed,
} from "../../../src/errors/process.ts";
import { demoRecord } from "../../../src/process/demo-record.ts";
import { type ManagerOptions, ProcessManager } from "../../../src/process/manager.ts";
import { METADATA_BYTES_MAX } from "../../../src/process/metadata.ts";
import { ProcessStore, storeFileName } from "../../../src/process/store.ts";
import { fakeWorld, resolveByRules, settle } from "./fakes.ts";

let folder: string;
const stores: ProcessStore[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "manager-"));
});
afterEach(() => {
  for (const store of stores.splice(0)) store.close();
  rmSync(folder, { recursive: true });
});

function build(options: Partial<ManagerOptions> = {}) {
  const world = fakeWorld();
  const store = ProcessStore.open(folder);
  stores.push(store);
  const records: string[] = [];
  const viewers = new Map<string, number>();
  let ids = 0;
  const manager = new ProcessManager({
    store,
    tools: world.tools,
    resolve: resolveByRules,
    configRecords: [],
    maxProcesses: 0,
    newId: () => `new${ids++}`,
    onRecord: (record, id) => records.push(`${record === undefined ? "-" : "+"}${id}`),
    viewers: (id) => viewers.get(id) ?? 0,
    probe: async (record) => ({ streams: [], log: [`probed ${record.id}`] }),
    ...options,
  });
  return { ...world, manager, store, records, viewers };
}

const camera = {
  id: "cam",
  reference: "r",
  input: [{ id: "in", address: "rtsp://admin:canary@cam/1" }],
  output: [{ id: "out", address: "-", options: ["-f", "null"] }],
  reconnect: true,
};

async function failure(action: () => unknown): Promise<unknown> {
  try {
    await action();
  } catch (error) {
    return error;
  }
  throw new Error("it worked");
}

describe("adding", () => {
  test("stores, announces and starts a process, and shows it without its password", () => {
    const { manager, records, children } = build();
    const entry = manager.add(camera);
    expect(entry).toMatchObject({ id: "cam", source: "store", type: "ffmpeg", reference: "r" });
    expect(entry.config.input[0]?.address).toBe("rtsp://***@cam/1");
    expect(records).toEqual(["+cam"]);
    expect(children.last.argv).toContain("rtsp://admin:canary@cam/1");
    expect(JSON.stringify([manager.list(), manager.state("cam")])).not.toContain("canary");
  });

  test("with autostart off starts nothing", () => {
    const { manager, children } = build();
    manager.add({ ...camera, autostart: false });
    expect(children.all).toHaveLength(0);
    expect(manager.state("cam").order).toBe("stop");
  });

  test("a used id is refused in Core's words", async () => {
    const { manager } = build();
    manager.add(camera);
    expect(await failure(() => manager.add(camera))).toMatchObject({
      message: "Invalid process config",
      details: ["process already exists"],
    });
  });

  test("without an id makes one", () => {
    expect(build().manager.add({ ...camera, id: undefined }).id).toStartWith("new");
  });

  test("what can't be stored isn't added, announced or started", async () => {
    const { manager, store, children, records } = build();
    store.close();
    expect(await failure(() => manager.add(camera))).toBeInstanceOf(StoreFailed);
    expect([manager.list(), records, children.all]).toEqual([[], [], []]);
  });

  test("a copy of an answer with *** for the password is refused", async () => {
    const { manager } = build();
    const shown = manager.add(camera).config;
    const error = await failure(() => manager.add({ ...shown, id: "copy" }));
    expect(error).toBeInstanceOf(ProcessInvalid);
    expect(manager.has("copy")).toBe(false);
  });
});

describe("changing", () => {
  test("merges, keeps the hidden password, and starts the new command with the old order", async () => {
    const { manager, children } = build();
    const shown = manager.add(camera).config;
    const update = manager.update("cam", { ...shown, reference: "r2", autostart: false });
    await settle();
    children.last.exit(255);
    expect((await update).entry.reference).toBe("r2");
    expect(children.all).toHaveLength(2);
    expect(children.last.argv).toContain("rtsp://admin:canary@cam/1");
  });

  test("of a stopped process doesn't start it", async () => {
    const { manager, children } = build();
    manager.add({ ...camera, autostart: false });
    await manager.update("cam", { autostart: true });
    expect(children.all).toHaveLength(0);
  });

  test("of viewer limits alone leaves FFmpeg running, and the next start has them too", async () => {
    const { manager, children, records, viewers } = build();
    manager.add({ ...camera, webrtc: { enabled: true } });
    await settle();
    viewers.set("cam", 4);
    const { entry, effect } = await manager.update("cam", { webrtc: { max_peers: 2 } });
    expect(entry.config.webrtc?.max_peers).toBe(2);
    expect(effect).toMatchObject({ process: "none", viewers: "none", viewersAffected: 0 });
    expect([children.all.length, children.last.signals, records]).toEqual([
      1,
      [],
      ["+cam", "+cam"],
    ]);
    const restart = manager.update("cam", { webrtc: { video: { bitrate_kbit: 900 } } });
    await settle();
    children.last.exit(255);
    expect((await restart).effect).toMatchObject({ process: "restart", viewersAffected: 4 });
    await settle();
    expect(children.all).toHaveLength(2);
    expect(manager.get("cam").config.webrtc).toMatchObject({ max_peers: 2 });
  });

  test("can be tried dry: all is checked, said and left as it was", async () => {
    const { manager, store, children, records, viewers } = build();
    manager.add({ ...camera, webrtc: { enabled: true } });
    await settle();
    viewers.set("cam", 4);
    const { effect, entry } = manager.previewUpdate("cam", { id: "cam2" });
    expect(entry.id).toBe("cam2");
    expect(effect).toMatchObject({ process: "restart", viewers: "end", viewersAffected: 4 });
    const added = manager.previewAdd({ ...camera, id: "b" });
    expect(added.effect).toMatchObject({ process: "start", viewersAffected: 0 });
    expect(added.entry.config.input[0]?.address).toBe("rtsp://***@cam/1");
    for (const wrong of [
      () => manager.previewAdd(camera),
      () => manager.previewAdd({ ...camera, id: "c", reconnect: 1 }),
      () => manager.previewUpdate("cam", { id: "" }),
      () => manager.previewUpdate("b", {}),
    ]) {
      expect(await failure(wrong)).toBeInstanceOf(Error);
    }
    expect(manager.list().map(({ id }) => id)).toEqual(["cam"]);
    expect(store.load().processes.map(({ record }) => record.id)).toEqual(["cam"]);
    expect([children.all.length, children.last.signals, records]).toEqual([1, [], ["+cam"]]);
  });

  test("renames: the old stream goes, the new one comes", async () => {
    const { manager, records } = build();
    manager.add({ ...camera, autostart: false });
    manager.setMetadata("cam", "k", 1);
    await manager.update("cam", { id: "cam2" });
    expect(records).toEqual(["+cam", "-cam", "+cam2"]);
    expect([manager.has("cam"), manager.has("cam2")]).toEqual([false, true]);
    expect(manager.metadata("cam2", "k")).toBe(1);
  });

  test("keeps both ids while FFmpeg is being stopped", async () => {
    const { manager, records, children } = build();
    manager.add(camera);
    await settle();
    const renamed = manager.update("cam", { id: "door" });
    await settle();
    expect(await failure(() => manager.add(camera))).toMatchObject({
      details: ["process already exists"],
    });
    const deleted = manager.delete("door");
    children.last.exit(255);
    await settle();
    children.last.exit(255);
    await Promise.all([renamed, deleted]);
    expect(manager.list()).toEqual([]);
    expect(records).toEqual(["+cam", "-cam", "+door", "-door"]);
    expect(children.all.map((child) => child.signals)).toEqual([["SIGINT"], ["SIGINT"]]);
    expect(manager.add(camera).id).toBe("cam");
  });

  test("to a used id is refused", async () => {
    const { manager } = build();
    manager.add({ ...camera, autostart: false });
    manager.add({ ...camera, id: "b", autostart: false });
    expect(await failure(() => manager.update("cam", { id: "b" }))).toMatchObject({
      message: "Process can't be updated",
    });
  });

  test("that breaks a rule or can't be stored leaves the stream running", async () => {
    const { manager, store, children } = build();
    manager.add(camera);
    await failure(() => manager.update("cam", { reconnect_delay_seconds: -1 }));
    store.close();
    expect(await failure(() => manager.update("cam", { reference: "x" }))).toBeInstanceOf(
      StoreFailed,
    );
    expect(children.last.signals).toEqual([]);
    expect(manager.get("cam").reference).toBe("r");
  });

  test("readers don't wait for a stop", async () => {
    const { manager, children } = build();
    manager.add(camera);
    const deletion = manager.delete("cam");
    await settle();
    expect(manager.state("cam").exec).toBe("finishing");
    children.last.exit(255);
    await deletion;
    expect(await failure(() => manager.state("cam"))).toBeInstanceOf(ProcessNotFound);
  });

  test("two changes at once come one after the other", async () => {
    const { manager, children } = build();
    manager.add(camera);
    const first = manager.update("cam", { reference: "1" });
    const second = manager.update("cam", { reconnect_delay_seconds: 9 });
    await settle();
    children.last.exit(255);
    await settle();
    children.last.exit(255);
    await Promise.all([first, second]);
    expect(manager.get("cam").config).toMatchObject({ reference: "1", reconnect_delay_seconds: 9 });
  });

  test("a change behind a deletion finds nothing", async () => {
    const { manager, children } = build();
    manager.add(camera);
    const deletion = manager.delete("cam");
    const update = failure(() => manager.update("cam", { reference: "x" }));
    await settle();
    children.last.exit(255);
    await deletion;
    expect(await update).toBeInstanceOf(ProcessNotFound);
  });

  test("a failed change doesn't hold up the next", async () => {
    const { manager } = build();
    manager.add({ ...camera, autostart: false });
    const bad = failure(() => manager.update("cam", { id: "" }));
    const good = manager.update("cam", { reference: "x" });
    expect(await bad).toBeInstanceOf(ProcessInvalid);
    expect((await good).entry.reference).toBe("x");
  });
});

describe("commands", () => {
  test("a stop is obeyed also where it can't be stored, and says so", async () => {
    const { manager, store, children } = build();
    manager.add(camera);
    store.close();
    const stop = failure(() => manager.command("cam", "stop"));
    await settle();
    expect(children.last.signals).toEqual(["SIGINT"]);
    children.last.exit(255);
    expect(await stop).toBeInstanceOf(StoreFailed);
    expect(manager.state("cam")).toMatchObject({ order: "stop", exec: "finished" });
  });

  test("start and stop are kept over a restart of the server", async () => {
    const { manager, children } = build();
    manager.add(camera);
    const stop = manager.command("cam", "stop");
    await settle();
    children.last.exit(255);
    await stop;
    expect(build().manager.state("cam").order).toBe("stop");
    await manager.command("cam", "start");
    const later = build();
    later.manager.startAll();
    expect(later.children.all).toHaveLength(1);
  });

  test("reload and restart start again", async () => {
    const { manager, children, clock } = build();
    manager.add(camera);
    for (const command of ["reload", "restart"] as const) {
      const done = manager.command("cam", command);
      await settle();
      children.last.exit(255);
      await done;
      await clock.advance(200);
    }
    expect(children.all).toHaveLength(3);
  });

  test("to an unknown process fail as in Core", async () => {
    expect(await failure(() => build().manager.command("nope", "start"))).toMatchObject({
      message: "Command failed",
      details: ["unknown process"],
    });
  });

  test("beyond the limit of running processes are refused, as is an autostart", async () => {
    const { manager } = build({ maxProcesses: 1 });
    manager.add(camera);
    manager.add({ ...camera, id: "b", autostart: false });
    expect(await failure(() => manager.command("b", "start"))).toMatchObject({
      details: ["max. number of running processes (1) reached"],
    });
    expect(await failure(() => manager.add({ ...camera, id: "c" }))).toBeInstanceOf(CommandFailed);
    expect(manager.has("c")).toBe(false);
    await manager.command("cam", "start");
  });
});

describe("processes of the configuration file", () => {
  test("run, but can't be changed or deleted", async () => {
    const { manager, children } = build({ configRecords: [demoRecord()] });
    manager.startAll();
    await settle();
    expect(children.all).toHaveLength(1);
    expect(manager.get("test").source).toBe("config");
    expect(await failure(() => manager.update("test", {}))).toBeInstanceOf(ProcessInvalid);
    expect(await failure(() => manager.delete("test"))).toBeInstanceOf(ProcessInvalid);
    expect(manager.has("test")).toBe(true);
  });

  test("obey commands without being stored", async () => {
    const { manager, children, store } = build({ configRecords: [demoRecord()] });
    manager.startAll();
    await settle();
    const stop = manager.command("test", "stop");
    await settle();
    children.last.exit(255);
    await stop;
    manager.setMetadata("test", "k", "v");
    expect(manager.state("test").order).toBe("stop");
    expect(store.load().processes).toEqual([]);
  });

  test("hide a stored one of the same id, which stays on disk as it was", async () => {
    const first = build();
    first.manager.add({ ...camera, id: "test", autostart: false });
    const { manager, warnings, store } = build({ configRecords: [demoRecord()] });
    expect(manager.get("test").source).toBe("config");
    expect(warnings.join()).toContain("hidden by one of the configuration file");
    await manager.command("test", "start");
    expect(store.load().processes.map((one) => one.order)).toEqual(["stop"]);
  });

  test("twice with one id are refused", () => {
    expect(() => build({ configRecords: [demoRecord(), demoRecord()] })).toThrow(ProcessInvalid);
  });
});

describe("metadata", () => {
  test("is a JSON value per key, null removes it, and it is kept", () => {
    const { manager } = build();
    manager.add({ ...camera, autostart: false });
    expect(manager.metadata("cam")).toBeNull();
    manager.setMetadata("cam", "ui", { a: [1] });
    manager.setMetadata("cam", "__proto__", "x");
    expect(build().manager.metadata("cam", "ui")).toEqual({ a: [1] });
    expect(manager.metadata("cam", "__proto__")).toBe("x");
    manager.setMetadata("cam", "ui", null);
    manager.setMetadata("cam", "__proto__", null);
    expect(manager.get("cam").metadata).toBeNull();
  });

  test("is bounded: what would be too much is refused, and changes nothing", async () => {
    const { manager } = build();
    manager.add({ ...camera, autostart: false });
    manager.setMetadata("cam", "a", "x".repeat(METADATA_BYTES_MAX - 100));
    expect(await failure(() => manager.setMetadata("cam", "b", "y".repeat(100)))).toMatchObject({
      message: "Invalid metadata",
      details: [expect.stringContaining(`allowed: at most ${METADATA_BYTES_MAX}`)],
    });
    expect(await failure(() => manager.metadata("cam", "b"))).toBeInstanceOf(ProcessNotFound);
    manager.setMetadata("cam", "a", "short");
    manager.setMetadata("cam", "b", "y");
  });

  test("of an unknown key or process isn't found", async () => {
    const { manager } = build();
    manager.add({ ...camera, autostart: false });
    expect(await failure(() => manager.metadata("cam", "nope"))).toMatchObject({
      details: ["unknown key"],
    });
    expect(await failure(() => manager.metadata("cam", "toString"))).toBeInstanceOf(
      ProcessNotFound,
    );
    expect(await failure(() => manager.metadata("nope"))).toMatchObject({
      details: ["unknown process"],
    });
  });
});

test("a stored process that can't be read keeps its id until it is deleted", async () => {
  const first = build();
  first.manager.add({ ...camera, autostart: false });
  first.manager.add({ ...camera, id: "other", autostart: false });
  first.store.close();
  const database = new Database(join(folder, storeFileName));
  database.run(`UPDATE process SET record = '{"id":"cam"}' WHERE id = 'cam'`);
  database.close();
  const { manager } = build();
  const refused = { details: [expect.stringContaining("DELETE it first")] };
  expect(await failure(() => manager.add(camera))).toMatchObject(refused);
  expect(await failure(() => manager.update("other", { id: "cam" }))).toMatchObject(refused);
  await manager.delete("cam");
  expect(await failure(() => manager.delete("cam"))).toBeInstanceOf(ProcessNotFound);
  expect(manager.add({ ...camera, autostart: false }).id).toBe("cam");
});

test("a probe of an unknown process is an answer, not an error, as in Core", async () => {
  const { manager } = build();
  const { signal } = new AbortController();
  expect(await manager.probe("nope", signal)).toEqual({
    streams: [],
    log: ["Unknown process ID (nope)"],
  });
});

test("at the end of the server everything stops, nothing starts, and the orders stay", async () => {
  const { manager, children } = build();
  manager.add(camera);
  const stopped = manager.stopAll();
  await settle();
  expect(await failure(() => manager.command("cam", "start"))).toMatchObject({
    details: ["the server is shutting down"],
  });
  const changed = manager.update("cam", { reference: "r2" });
  children.last.exit(255);
  await Promise.all([stopped, changed]);
  expect(children.all).toHaveLength(1);
  const later = build();
  later.manager.startAll();
  expect(later.children.all).toHaveLength(1);
});
