import { describe, expect, test } from "bun:test";
import { describeConfig, effectiveConfig } from "../../../src/config/describe.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { redact } from "../../../src/telemetry/redact.ts";

function effective(text: string, env: Record<string, string> = {}): string {
  const result = loadConfig({ file: "f.yaml", env, readFile: () => text });
  if ("problems" in result) throw new Error(result.problems.join("\n"));
  return effectiveConfig(result, redact);
}

describe("configuration for readers", () => {
  test("the table in settings.md is the one the schema gives", async () => {
    const settings = await Bun.file(`${import.meta.dir}/../../../deploy/docs/settings.md`).text();
    expect(settings).toContain(`\n${describeConfig()}\n`);
  });

  test("every setting has a row with its variable, default and meaning, and no cell is empty", () => {
    const rows = describeConfig().split("\n").slice(3);
    expect(rows.length).toBeGreaterThan(20);
    for (const row of rows)
      expect(row).toMatch(
        /^\| `[a-z._]+` \| `(?:CORE_[A-Z_]+|PPROF)` \| `.+` \| \S.* \| \S.*\. \|$/,
      );
  });

  test("prints what is in effect in the order of the schema, with the origin of what is not default", () => {
    const text = effective("webrtc:\n  public_ips: [192.0.2.1]\n", { CORE_ADDRESS: ":9000" });
    expect(text).toStartWith(
      "id: dragonfork\nname: Dragon Fork\naddress: :9000 # environment variable CORE_ADDRESS\n",
    );
    expect(text).toContain("public_ips:\n    # file f.yaml, line 2\n    - 192.0.2.1\n");
  });

  test("shows no secret of any setting or process", () => {
    const secret = "c4n4rySecret";
    const processes = JSON.stringify([
      {
        id: "cam",
        input: [
          { id: "in", address: `rtsp://user:${secret}@cam/`, options: ["-passphrase", secret] },
        ],
        output: [{ id: "out", address: `srt://h:1?passphrase=${secret}`, options: [] }],
      },
    ]);
    const servers = JSON.stringify([{ urls: ["turn:t"], username: secret, credential: secret }]);
    const text = effective("", {
      CORE_API_TOKEN: secret,
      CORE_WEBRTC_WHEP_TOKEN: secret,
      CORE_WEBRTC_ICE_SERVERS: servers,
      CORE_PROCESSES: processes,
    });
    expect(text).not.toContain(secret);
    expect(text).toContain('token: "***" # environment variable CORE_API_TOKEN');
    expect(text).toContain("rtsp://***@cam/");
  });

  test("a secret that is not set is shown as empty", () => {
    expect(effective("")).toContain('whep_token: ""');
    expect(effective("")).toContain("ice_servers: []");
  });
});
