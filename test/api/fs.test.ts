/** The storage over HTTP, with files on disk. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DiskStorage } from "../../src/storage/disk.ts";
import { Harness, problemOf } from "./support/harness.ts";

const root = mkdtempSync(join(tmpdir(), "fs-"));
const folder = join(root, "data");
const disk = new DiskStorage({ folder, uploadBytesMax: 1000, totalBytesMax: 0, randomBytes });
const harness = new Harness({ core: { disk } });
const file = (path: string) => `/api/v3/fs/disk/${path}`;

beforeAll(() => {
  mkdirSync(folder);
  writeFileSync(join(root, "secret"), "canary");
});
afterAll(() => rmSync(root, { recursive: true }));

describe("a file", () => {
  test("is written, read, replaced and deleted as in Core", async () => {
    const path = file("a%20b/c.ts");
    const made = await harness.send("PUT", path, { body: "one" });
    expect([made.status, made.headers.get("content-location")]).toEqual([201, path]);
    expect((await harness.send("PUT", path, { body: "three" })).status).toBe(204);
    const read = await harness.send("GET", path);
    expect([read.status, read.body]).toEqual([200, "three"]);
    expect(read.headers.get("content-type")).toBe("video/mp2t");
    expect(read.headers.get("content-length")).toBe("5");
    expect(Date.parse(read.headers.get("last-modified") ?? "")).toBeGreaterThan(0);
    const head = await harness.send("HEAD", path);
    expect([head.status, head.body, head.headers.get("content-length")]).toEqual([200, "", "5"]);
    const deleted = await harness.send("DELETE", path);
    expect([deleted.status, deleted.body]).toEqual([200, "Deleted: /a b/c.ts"]);
    const gone = await harness.send("GET", path);
    expect(gone.status).toBe(404);
    expect(problemOf(gone)).toMatchObject({ message: "File not found", details: ["/a b/c.ts"] });
  });

  test("that is a page can't act for the API's origin", async () => {
    await harness.send("PUT", file("x.html"), { body: "<script>1</script>" });
    const { headers } = await harness.send("GET", file("x.html"));
    expect(headers.get("content-type")).toBe("application/octet-stream");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("content-security-policy")).toContain("sandbox");
    await harness.send("DELETE", file("x.html"));
  });

  test.each([
    "..%2f..%2fsecret",
    "%2e%2e%2fsecret",
    "..%2fsecret",
    "a%2f..%2f..%2fsecret",
    "%00",
    "%zz",
  ])("outside is not found by %p", async (path) => {
    for (const method of ["GET", "HEAD", "DELETE"]) {
      const answer = await harness.send(method, file(path));
      expect(answer.status).toBe(404);
      expect(answer.body).not.toContain("canary");
    }
    expect((await harness.send("PUT", file(path), { body: "x" })).status).toBeOneOf([400, 404]);
  });

  test("that is too large, or in an unknown storage, is refused", async () => {
    const large = await harness.send("PUT", file("large"), { body: "x".repeat(1001) });
    expect([large.status, problemOf(large).code]).toEqual([413, 413]);
    const unknown = await harness.send("GET", "/api/v3/fs/mem/a");
    expect(problemOf(unknown)).toMatchObject({ code: 404, details: ["unknown filesystem: mem"] });
    expect((await harness.send("GET", "/api/v3/fs/mem")).status).toBe(404);
  });
});

test("files are listed by time, name or size, and by a glob", async () => {
  for (const [name, size, time] of [
    ["b.ts", 3, 100],
    ["c.ts", 1, 300],
    ["a.mp4", 2, 200],
  ] as const) {
    writeFileSync(join(folder, name), "x".repeat(size));
    utimesSync(join(folder, name), time, time);
  }
  const names = async (query: string) => {
    const { body } = await harness.send("GET", `/api/v3/fs/disk?${query}`);
    return (JSON.parse(body) as { name: string }[]).map(({ name }) => name);
  };
  expect(await names("")).toEqual(["/b.ts", "/a.mp4", "/c.ts"]);
  expect(await names("order=desc")).toEqual(["/c.ts", "/a.mp4", "/b.ts"]);
  expect(await names("sort=name")).toEqual(["/a.mp4", "/b.ts", "/c.ts"]);
  expect(await names("sort=size&order=desc")).toEqual(["/b.ts", "/a.mp4", "/c.ts"]);
  expect(await names("glob=/*.ts&sort=name")).toEqual(["/b.ts", "/c.ts"]);
  const { body } = await harness.send("GET", "/api/v3/fs/disk?sort=name");
  expect(JSON.parse(body)[0]).toEqual({ name: "/a.mp4", size_bytes: 2, last_modified: 200 });
});
