import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FileNotFound, StorageFull, StorageRefused } from "../../../src/errors/process.ts";
import { BodyTooLarge } from "../../../src/errors.ts";
import { DiskStorage } from "../../../src/storage/disk.ts";

let root: string;
let folder: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "disk-"));
  folder = join(root, "data");
  mkdirSync(join(folder, "sub"), { recursive: true });
  writeFileSync(join(root, "secret"), "canary");
  writeFileSync(join(folder, "sub", "a.ts"), "0123456789");
});
afterEach(() => rmSync(root, { recursive: true }));

function disk(more: object = {}) {
  return new DiskStorage({ folder, uploadBytesMax: 100, totalBytesMax: 0, randomBytes, ...more });
}

const body = (text: string) => new Response(text).body;
const inFolder = () => readdirSync(folder, { recursive: true }).map(String).sort();

describe("reading", () => {
  test("streams a file in pieces, as long as it was when it was opened", async () => {
    const long = "x".repeat(200_000);
    writeFileSync(join(folder, "long"), long);
    const file = await disk().open("/long");
    writeFileSync(join(folder, "long"), `${long}more`);
    expect(file.size).toBe(200_000);
    expect(await new Response(file.stream()).text()).toBe(long);
  });

  test("closes a file that is not read to its end", async () => {
    const open = () => readdirSync("/proc/self/fd").length;
    const before = open();
    for (let i = 0; i < 20; i++) {
      const file = await disk().open("/sub/a.ts");
      await file.stream().cancel();
    }
    expect(open()).toBeLessThanOrEqual(before + 1);
  });

  test("finds nothing outside, by a link, in a folder, a FIFO or a name with NUL", async () => {
    symlinkSync(join(root, "secret"), join(folder, "link"));
    symlinkSync(root, join(folder, "up"));
    symlinkSync(join(folder, "sub", "a.ts"), join(folder, "inside"));
    Bun.spawnSync(["mkfifo", join(folder, "fifo")]);
    for (const path of [
      ...["/../secret", "/link", "/up/secret", "/inside", "/sub", "/", "", "/fifo", "/a\0b", "/no"],
      ...["/sub/../../secret", "//secret", "/sub/./../../data/../secret"],
    ]) {
      await expect(disk().open(path), path).rejects.toThrow(FileNotFound);
    }
  });
});

describe("writing", () => {
  test("makes folders, says whether the file is new, and replaces it whole", async () => {
    expect(await disk().write("/new/deep/b.ts", body("one"))).toBe(true);
    expect(await disk().write("/new/deep/b.ts", body("two"))).toBe(false);
    expect(readFileSync(join(folder, "new/deep/b.ts"), "utf8")).toBe("two");
    expect(await disk().write("/empty", null)).toBe(true);
    expect(inFolder()).toEqual(["empty", "new", "new/deep", "new/deep/b.ts", "sub", "sub/a.ts"]);
  });

  test("leaves what was there when the upload is too large or breaks off", async () => {
    const broken = new ReadableStream({
      start: (controller) => {
        controller.enqueue(new Uint8Array(5));
        controller.error(new Error("gone"));
      },
    });
    await expect(disk().write("/sub/a.ts", body("x".repeat(101)))).rejects.toThrow(BodyTooLarge);
    await expect(disk().write("/sub/a.ts", broken)).rejects.toThrow(StorageRefused);
    expect(readFileSync(join(folder, "sub/a.ts"), "utf8")).toBe("0123456789");
    expect(inFolder()).toEqual(["sub", "sub/a.ts"]);
  });

  test("stays inside, and does not write through a link", async () => {
    symlinkSync(root, join(folder, "up"));
    symlinkSync(join(root, "secret"), join(folder, "link"));
    symlinkSync(join(root, "made"), join(folder, "dangling"));
    for (const path of [
      "/../x",
      "/up/x",
      "/link",
      "/dangling",
      "/sub",
      "/sub/",
      "/",
      "/sub/a.ts/x",
    ]) {
      await expect(disk().write(path, body("evil")), path).rejects.toThrow(StorageRefused);
    }
    expect(readFileSync(join(root, "secret"), "utf8")).toBe("canary");
    expect([existsSync(join(root, "made")), existsSync(join(root, "x"))]).toEqual([false, false]);
  });

  test("has a bound for all files, in which a file that is replaced does not count", async () => {
    const full = disk({ totalBytesMax: 20 });
    await full.write("/b", body("0123456789"));
    await expect(full.write("/c", body("x"))).rejects.toThrow(StorageFull);
    expect(await full.write("/b", body("9876543210"))).toBe(false);
    await expect(full.write("/b", body("98765432101"))).rejects.toThrow(StorageFull);
    expect(readFileSync(join(folder, "b"), "utf8")).toBe("9876543210");
  });

  test("keeps that bound where two run at once", async () => {
    const full = disk({ totalBytesMax: 20 });
    const uploads = ["/b", "/c"].map((path) => full.write(path, body("123456")));
    const refused = (await Promise.allSettled(uploads)).filter(
      ({ status }) => status === "rejected",
    );
    expect(refused).not.toEqual([]);
    for (const one of refused) expect(one).toMatchObject({ reason: expect.any(StorageFull) });
    const files = inFolder().filter((name) => !["sub", "sub/a.ts"].includes(name));
    expect(files).toHaveLength(2 - refused.length);
  });

  test("says in words why the system refuses it", async () => {
    const refused = (path: string) =>
      disk()
        .write(path, body("x"))
        .catch((error: unknown) => error);
    for (const [path, why] of [
      ["/sub", "there is a folder of this name"],
      ["/sub/a.ts/x", "a folder on its way is a file"],
      [`/${"n".repeat(300)}`, "a name in it is too long"],
    ] as const) {
      expect(await refused(path)).toMatchObject({ details: [`${path}: ${why}`] });
    }
  });

  test("to a full disk is no bad request", async () => {
    const mounted = Bun.spawnSync(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder]);
    if (mounted.exitCode !== 0) return console.warn("skipped: a small disk takes root's rights");
    try {
      const large = { uploadBytesMax: 1 << 20 };
      expect(await disk(large).write("/a", body("a".repeat(10_000)))).toBe(true);
      const failure = await disk(large)
        .write("/b", body("b".repeat(200_000)))
        .catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(StorageFull);
      expect(inFolder()).toEqual(["a"]);
    } finally {
      Bun.spawnSync(["umount", folder]);
    }
  });

  test("that a killed server left unfinished takes space, and goes once it is old", async () => {
    const left = join(folder, "sub", ".upload-00");
    writeFileSync(left, "0123456789");
    await expect(disk({ totalBytesMax: 20 }).write("/c", body("x"))).rejects.toThrow(StorageFull);
    await disk().removeLeftUploads(Date.now());
    expect(existsSync(left)).toBe(true);
    await disk().removeLeftUploads(Date.now() + 3_700_000);
    expect(inFolder()).toEqual(["sub", "sub/a.ts"]);
  });
});

describe("removing", () => {
  test("takes plain files only, and what a link leads to stays", async () => {
    symlinkSync(join(root, "secret"), join(folder, "link"));
    await disk().remove("/sub/a.ts");
    for (const path of ["/sub/a.ts", "/sub", "/link", "/../secret", "/"]) {
      await expect(disk().remove(path), path).rejects.toThrow(FileNotFound);
    }
    expect(existsSync(join(root, "secret"))).toBe(true);
  });
});

describe("listing", () => {
  test("has plain files of all folders, by a glob where there is one", async () => {
    symlinkSync(root, join(folder, "up"));
    writeFileSync(join(folder, ".upload-1"), "half");
    writeFileSync(join(folder, "b.mp4"), "");
    const names = async (glob?: string) => (await disk().list(glob)).map(({ name }) => name).sort();
    expect(await names()).toEqual(["/b.mp4", "/sub/a.ts"]);
    expect(await names("/*")).toEqual(["/b.mp4"]);
    expect(await names("/**/*.ts")).toEqual(["/sub/a.ts"]);
    expect((await disk().list("/sub/*"))[0]).toMatchObject({ size: 10 });
  });

  test("of a storage that is not there is empty", async () => {
    expect(await disk({ folder: join(root, "none") }).list()).toEqual([]);
  });
});
