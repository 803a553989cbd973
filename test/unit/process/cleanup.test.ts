import { describe, expect, test } from "bun:test";
import { StorageCleanup } from "../../../src/process/cleanup.ts";
import { parseRecord } from "../../../src/process/record.ts";

function world(names: readonly string[]) {
  // The older, the earlier in the list: one second apart.
  const files = new Map(names.map((name, index) => [name, 1000 * index]));
  const state = { nowMs: 1000 * names.length, lists: 0 };
  const cleanup = new StorageCleanup({
    disk: {
      list: async () => {
        state.lists += 1;
        return [...files].map(([name, modifiedMs]) => ({ name, size: 1, modifiedMs }));
      },
      remove: async (name) => {
        if (!files.delete(name)) throw new Error("gone");
      },
    },
    unixMs: () => state.nowMs,
    log: { debug: () => undefined },
  });
  return { cleanup, state, left: () => [...files.keys()] };
}

function record(rules: readonly object[], id = "cam") {
  return parseRecord({
    id,
    reference: "ref",
    input: [{ id: "in", address: "rtsp://cam/1" }],
    output: [{ id: "out", address: "-", cleanup: rules }],
  });
}

describe("files that a process leaves", () => {
  test("are kept up to a number, the newest of them", async () => {
    const { cleanup, left } = world(["/cam/1.ts", "/cam/2.ts", "/other/1.ts", "/cam/3.ts"]);
    cleanup.recordChanged(record([{ pattern: "disk:/{processid}/*.ts", max_files: 2 }]), "cam");
    await cleanup.look();
    expect(left()).toEqual(["/cam/2.ts", "/other/1.ts", "/cam/3.ts"]);
  });

  test("are kept up to an age", async () => {
    const { cleanup, left } = world(["/a", "/b", "/c", "/d"]);
    cleanup.recordChanged(record([{ pattern: "diskfs:/*", max_file_age_seconds: 2 }]), "cam");
    await cleanup.look();
    expect(left()).toEqual(["/c", "/d"]);
  });

  test("stay without a bound, in other filesystems, and once the rules are gone", async () => {
    const { cleanup, left, state } = world(["/a", "/b"]);
    const rules = [
      { pattern: "disk:/*" },
      { pattern: "mem:/*", max_files: 1 },
      { pattern: "/*", max_files: 1 },
      { pattern: "disk:/{memfs}*", max_files: 1 },
    ];
    cleanup.recordChanged(record(rules), "cam");
    await cleanup.look();
    expect(left()).toEqual(["/a", "/b"]);
    cleanup.recordChanged(record([{ pattern: "disk:/*", max_files: 1 }]), "cam");
    cleanup.recordChanged(record([]), "cam");
    const looks = state.lists;
    await cleanup.look();
    expect([left(), state.lists]).toEqual([["/a", "/b"], looks]);
  });

  test("go with it where a rule says so, but not when it is only renamed", async () => {
    const { cleanup, left } = world(["/keep/a", "/go/a", "/go/b"]);
    const rules = [{ pattern: "disk:/keep/*" }, { pattern: "disk:/go/*", purge_on_delete: true }];
    cleanup.recordChanged(record(rules), "cam");
    cleanup.recordChanged(undefined, "cam");
    cleanup.recordChanged(record(rules, "renamed"), "renamed");
    await cleanup.look();
    expect(left()).toEqual(["/keep/a", "/go/a", "/go/b"]);
    cleanup.recordChanged(undefined, "renamed");
    await cleanup.look();
    expect(left()).toEqual(["/keep/a"]);
  });
});

test("rules are checked like the rest of a record", () => {
  for (const rule of ["x", { pattern: 1 }, { max_files: -1 }, { max_file_age_seconds: 1.5 }]) {
    expect(() => record([rule as object])).toThrow("Invalid JSON");
  }
  expect(record([{ pattern: "disk:/a" }]).output[0]?.cleanup).toEqual([
    { pattern: "disk:/a", max_files: 0, max_file_age_seconds: 0, purge_on_delete: false },
  ]);
});
