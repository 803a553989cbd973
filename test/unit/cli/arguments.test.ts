import { describe, expect, test } from "bun:test";
import { parseCommand } from "../../../src/cli/arguments.ts";

describe("command line", () => {
  test("serves when no command is given", () => {
    expect(parseCommand([])).toEqual({ name: "serve", file: undefined, demo: false });
    expect(parseCommand(["--demo", "--config", "a.yaml"])).toEqual({
      name: "serve",
      file: "a.yaml",
      demo: true,
    });
    expect(parseCommand(["serve", "-c", "a.yaml"])).toEqual({
      name: "serve",
      file: "a.yaml",
      demo: false,
    });
  });

  test("takes the media back-end for serve only", () => {
    expect(parseCommand(["--media-backend", "portable"])).toEqual({
      name: "serve",
      file: undefined,
      demo: false,
      mediaBackend: "portable",
    });
    expect(parseCommand(["check", "--media-backend", "auto"])).toEqual({
      problem: "--media-backend belongs to serve, not to check",
    });
  });

  test("knows check, version and help", () => {
    expect(parseCommand(["check", "--config=a.json"])).toEqual({ name: "check", file: "a.json" });
    expect(parseCommand(["version"])).toEqual({ name: "version" });
    expect(parseCommand(["--version"])).toEqual({ name: "version" });
    expect(parseCommand(["help"])).toEqual({ name: "help" });
    expect(parseCommand(["check", "-h"])).toEqual({ name: "help" });
  });

  test("imports from a file and exports to one or to standard output", () => {
    expect(parseCommand(["import", "db.json"])).toEqual({
      ...{ name: "import-db", file: undefined, from: "db.json", skipInvalid: false },
    });
    expect(parseCommand(["import", "db.json", "--skip-invalid", "-c", "a.yaml"])).toMatchObject({
      ...{ file: "a.yaml", skipInvalid: true },
    });
    expect(parseCommand(["export"])).toEqual({
      ...{ name: "export-db", file: undefined, to: undefined },
    });
    expect(parseCommand(["export", "x.json"])).toMatchObject({ to: "x.json" });
    for (const [args, problem] of [
      [["import"], "import takes a file"],
      [["export", "a", "b"], 'unexpected argument "b"'],
      [["export", "--skip-invalid"], "--skip-invalid belongs to import, not to export"],
    ] as const) {
      expect(parseCommand([...args])).toEqual({ problem: expect.stringContaining(problem) });
    }
  });

  test("exports dashboards and rules to a folder", () => {
    expect(parseCommand(["dashboards", "export", "here"])).toEqual({
      name: "export",
      kind: "dashboards",
      folder: "here",
    });
    expect(parseCommand(["rules", "export", "/tmp/rules"])).toEqual({
      name: "export",
      kind: "rules",
      folder: "/tmp/rules",
    });
  });

  test.each([
    [["dashboards"], "dragonfork dashboards export DIR"],
    [["rules", "export"], "dragonfork rules export DIR"],
    [["rules", "import", "here"], "dragonfork rules export DIR"],
    [["rules", "export", "here", "there"], "dragonfork rules export DIR"],
    [["rules", "export", "here", "--config", "x"], "--config does not belong to rules"],
    [
      ["start"],
      'unknown command "start"; allowed: serve, check, dashboards, rules, import, export, version, help',
    ],
    [["serve", "now"], 'unexpected argument "now"'],
    [["check", "--demo"], "--demo belongs to serve, not to check"],
    [["version", "--config", "x"], "--config does not belong to version"],
    [["--demo=yes"], "--demo"],
    [["--config"], "--config"],
    [["--frobnicate"], "Unknown option '--frobnicate'"],
  ])("says what is wrong with %p", (args, problem) => {
    expect(parseCommand(args)).toMatchObject({ problem: expect.stringContaining(problem) });
  });
});
