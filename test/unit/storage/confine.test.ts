import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { confine } from "../../../src/storage/confine.ts";

let root: string;
let folder: string;

beforeAll(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), "confine-")));
  folder = join(root, "data");
  mkdirSync(join(folder, "sub"), { recursive: true });
  mkdirSync(join(root, "data-of-others"));
  writeFileSync(join(root, "secret"), "x");
  symlinkSync(join(root, "secret"), join(folder, "link"));
  symlinkSync(root, join(folder, "up"));
  symlinkSync(join(root, "not-yet"), join(folder, "dangling"));
  symlinkSync(join(folder, "loop"), join(folder, "loop"));
  symlinkSync(join(folder, "sub"), join(folder, "within"));
});
afterAll(() => rmSync(root, { recursive: true }));

describe("a path is kept inside of a folder", () => {
  test.each(["a.ts", "sub/a.ts", "sub/../a.ts", "new/deep/a.ts", "within/a.ts", "..a.ts", ""])(
    "%p is inside",
    (path) => {
      expect(confine(path, folder, folder)).toBe(join(folder, path));
    },
  );

  test.each(["../a", "/etc/passwd", "sub/../../a", "../data-of-others/a"])("%p is not", (path) => {
    expect(confine(path, folder, folder)).toMatchObject({
      problem: expect.stringContaining("is not inside of"),
    });
  });

  test.each(["link", "up/a", "up/data-of-others/new", "dangling", "loop", "loop/a"])(
    "%p leads out by a symbolic link",
    (path) => {
      expect(confine(path, folder, folder)).toMatchObject({
        problem: expect.stringContaining("symbolic link"),
      });
    },
  );

  test("the folder may itself be reached by a link", () => {
    const alias = join(root, "alias");
    symlinkSync(folder, alias);
    expect(confine("a.ts", alias, alias)).toBe(join(alias, "a.ts"));
  });
});
