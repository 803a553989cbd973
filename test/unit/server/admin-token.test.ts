import { afterEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { StoreFailed } from "../../../src/errors/process.ts";
import { adminToken } from "../../../src/server/admin-token.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "dragonfork-token-"));
  folders.push(folder);
  return folder;
}

let made = 0;
const randomBytes = (size: number) => Buffer.alloc(size, ++made);
const options = (folder: string) => ({
  configured: "",
  loopback: false,
  login: false,
  folder,
  randomBytes,
});

describe("admin token", () => {
  test("is the configured one wherever the server listens, and is not written down", () => {
    const folder = newFolder();
    const configured = { ...options(folder), configured: "s3cret" };
    expect(adminToken(configured)).toEqual({ token: "s3cret", file: undefined });
    expect(adminToken({ ...configured, loopback: true }).token).toBe("s3cret");
    expect(() => statSync(join(folder, "admin-token"))).toThrow();
  });

  test("is not needed where only this machine can connect", () => {
    expect(adminToken({ ...options(newFolder()), loopback: true })).toEqual({
      token: "",
      file: undefined,
    });
  });

  test("is not needed where people log in", () => {
    expect(adminToken({ ...options(newFolder()), login: true }).token).toBe("");
  });

  test("is made once, for the owner's eyes only, and kept for the next start", () => {
    const folder = join(newFolder(), "db");
    const first = adminToken(options(folder));
    expect(first.token.length).toBeGreaterThanOrEqual(32);
    expect(first.file).toBe(join(folder, "admin-token"));
    expect(readFileSync(first.file ?? "", "utf8").trim()).toBe(first.token);
    expect(statSync(first.file ?? "").mode & 0o777).toBe(0o600);
    expect(adminToken(options(folder))).toEqual(first);
  });

  test("an empty file is no token: a new one takes its place", () => {
    const folder = newFolder();
    writeFileSync(join(folder, "admin-token"), "\n");
    const { token } = adminToken(options(folder));
    expect(token).not.toBe("");
    expect(adminToken(options(folder)).token).toBe(token);
  });

  test("that cannot be kept is an error, not an open door", () => {
    const file = join(newFolder(), "file");
    writeFileSync(file, "");
    expect(() => adminToken(options(join(file, "db")))).toThrow(StoreFailed);
  });
});
