import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const main = new URL("../../../src/main.ts", import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), "dragonfork-cli-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Ports that no other server of this machine is likely to hold. */
const FREE = {
  CORE_ADDRESS: "127.0.0.1:0",
  CORE_WEBRTC_UDP_PORT: "0",
  CORE_DB_DIR: join(folder, "db"),
};

function start(args: readonly string[], env: Record<string, string> = {}) {
  return Bun.spawn([process.execPath, main, ...args], {
    cwd: folder,
    env: { PATH: process.env["PATH"] ?? "", ...FREE, ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
}

async function run(args: readonly string[], env: Record<string, string> = {}) {
  const child = start(args, env);
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { out, err, code };
}

interface ChunkReader {
  read(): Promise<{ done: boolean; value?: Uint8Array | undefined }>;
}

/** Reads on until the text is there; the rest stays readable. */
async function readUntil(reader: ChunkReader, text: string) {
  const decoder = new TextDecoder();
  let all = "";
  while (!all.includes(text)) {
    const { done, value } = await reader.read();
    if (done) throw new Error(`ended before ${text}: ${all}`);
    all += decoder.decode(value, { stream: true });
  }
  return all;
}

describe("the program", () => {
  test("version and help exit 0 and say what they are", async () => {
    const version = await run(["version"]);
    expect(version).toMatchObject({ code: 0, err: "" });
    expect(version.out).toMatch(/^dragonfork \d+\.\d+\.\d+ \(/);
    const help = await run(["--help"]);
    expect(help.code).toBe(0);
    expect(help.out).toContain("dragonfork check");
  });

  test("a wrong command line exits 2 and points to the help", async () => {
    const { code, err, out } = await run(["--frobnicate"]);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toContain("Unknown option '--frobnicate'");
    expect(err).toContain("--help");
  });

  test("a wrong setting exits 2 for serve and check, and every problem is told", async () => {
    const env = { CORE_ADDRESS: "nowhere", CORE_WEBRTC_UDP_PORT: "abc" };
    for (const command of ["serve", "check"]) {
      const { code, err } = await run([command], env);
      expect(code).toBe(2);
      expect(err).toContain(
        'address (environment variable CORE_ADDRESS): found "nowhere"; allowed:',
      );
      expect(err).toContain(
        'webrtc.udp_port (environment variable CORE_WEBRTC_UDP_PORT): found "abc"',
      );
    }
  });

  test("check prints what is in effect without secrets, and exits 1 when something is missing", async () => {
    const file = join(folder, "c.yaml");
    writeFileSync(file, "api:\n  token: c4n4rySecret\nffmpeg:\n  binary: /nonexistent/ffmpeg\n");
    const { code, out, err } = await run(["check", "--config", file]);
    expect(code).toBe(1);
    expect(out + err).not.toContain("c4n4ry");
    expect(out).toContain(`token: "***" # file ${file}, line 2`);
    expect(out).toMatch(/^FAIL +FFmpeg +\/nonexistent\/ffmpeg cannot be run/m);
    expect(out).toMatch(/^ok +database folder/m);
  });

  test("serve ends with 0 after SIGTERM", async () => {
    const child = start(["serve"], { CORE_LOG_FORMAT: "json" });
    await readUntil(child.stderr.getReader(), '"msg":"server ready"');
    child.kill("SIGTERM");
    expect(await child.exited).toBe(0);
  }, 60_000);

  test("serve that finds its port taken exits 1 and names the setting", async () => {
    const first = start(["serve"], { CORE_LOG_FORMAT: "json" });
    const log = await readUntil(first.stderr.getReader(), '"msg":"server ready"');
    const port = /"url":"http:\/\/127\.0\.0\.1:(\d+)"/.exec(log)?.[1] ?? "";
    const { code, err } = await run(["serve"], {
      CORE_ADDRESS: `127.0.0.1:${port}`,
      CORE_DB_DIR: join(folder, "other"),
    });
    first.kill("SIGTERM");
    await first.exited;
    expect(code).toBe(1);
    expect(err).toContain(`address 127.0.0.1:${port} is in use`);
    expect(err).toContain("CORE_ADDRESS");
  }, 60_000);
});
