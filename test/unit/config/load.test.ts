import { describe, expect, test } from "bun:test";
import { type LoadedConfig, loadConfig } from "../../../src/config/load.ts";

function fromText(text: string, env: Record<string, string> = {}) {
  return loadConfig({ file: "dragonfork.yaml", env, readFile: () => text });
}

function fromEnvironment(env: Record<string, string>) {
  return loadConfig({ env, readFile: () => "" });
}

function loaded(result: ReturnType<typeof loadConfig>): LoadedConfig {
  if ("problems" in result) throw new Error(result.problems.join("\n"));
  return result;
}

function problems(result: ReturnType<typeof loadConfig>): string[] {
  return "problems" in result ? result.problems : [];
}

describe("defaults", () => {
  test("no configuration at all gives a server on loopback that serves", () => {
    const { config, origins, warnings } = loaded(fromEnvironment({}));
    expect(config.address).toBe("127.0.0.1:8080");
    expect(config.id).toBe("dragonfork");
    expect(config.webrtc).toMatchObject({
      udp_port: 8189,
      leg_ports: "19000-19599",
      max_peers_total: 500,
      max_peers_per_stream: 200,
      cors_origins: ["*"],
    });
    expect(config.processes).toEqual([]);
    expect(origins.size).toBe(0);
    expect(warnings).toEqual([]);
  });

  test("no two configurations share a list", () => {
    loaded(fromEnvironment({})).config.webrtc.cors_origins.push("https://changed.example.org");
    expect(loaded(fromEnvironment({})).config.webrtc.cors_origins).toEqual(["*"]);
  });

  test("a file of comments, and keys with nothing behind them, are the defaults", () => {
    expect(loaded(fromText("# nothing\n")).config.address).toBe("127.0.0.1:8080");
    expect(loaded(fromText("webrtc:\naddress:\n")).config.webrtc.udp_port).toBe(8189);
  });
});

describe("sources", () => {
  test("reads YAML and JSON", () => {
    expect(loaded(fromText("webrtc:\n  udp_port: 9000\n")).config.webrtc.udp_port).toBe(9000);
    const json = '{\n\t"webrtc": {\n\t\t"udp_port": 9000\n\t}\n}\n';
    expect(loaded(fromText(json)).config.webrtc.udp_port).toBe(9000);
  });

  test("the environment wins over the file, and an empty variable counts as not set", () => {
    const text = "address: :1\nid: from-file\n";
    const { config, origins } = loaded(fromText(text, { CORE_ADDRESS: ":2", CORE_ID: "" }));
    expect(config.address).toBe(":2");
    expect(config.id).toBe("from-file");
    expect(origins.get("address")).toBe("environment variable CORE_ADDRESS");
    expect(origins.get("id")).toBe("file dragonfork.yaml, line 2");
  });

  test("a switch in the environment takes the words that datarhei Core takes", () => {
    const login = { CORE_API_AUTH_USERNAME: "admin", CORE_API_AUTH_PASSWORD: "test" };
    for (const [word, on] of [
      ["true", true],
      ["1", true],
      ["T", true],
      ["False", false],
      ["0", false],
    ] as const) {
      const { config } = loaded(fromEnvironment({ ...login, CORE_API_AUTH_ENABLE: word }));
      expect({ word, on: config.api.auth.enable }).toEqual({ word, on });
    }
    expect(problems(fromEnvironment({ ...login, CORE_API_AUTH_ENABLE: "yes" }))).toEqual([
      'api.auth.enable (environment variable CORE_API_AUTH_ENABLE): found "yes"; allowed: true or false',
    ]);
  });

  test("a login without a name or a password is no configuration", () => {
    for (const half of [{}, { CORE_API_AUTH_USERNAME: "a" }, { CORE_API_AUTH_PASSWORD: "a" }]) {
      const found = problems(fromEnvironment({ CORE_API_AUTH_ENABLE: "true", ...half }));
      expect(found).toHaveLength(1);
      expect(found[0]).toContain("CORE_API_AUTH_PASSWORD");
    }
  });

  test("the file of the command line wins over CORE_CONFIGFILE", () => {
    const env = { CORE_CONFIGFILE: "b" };
    const readFile = (path: string): string => `id: ${path}`;
    expect(loaded(loadConfig({ env, readFile })).config.id).toBe("b");
    expect(loaded(loadConfig({ file: "a", env, readFile })).config.id).toBe("a");
  });

  test("lists in the environment are words or JSON, and [] empties one", () => {
    const env = {
      CORE_WEBRTC_PUBLIC_IPS: " 192.0.2.1, 2001:db8::1 198.51.100.2",
      CORE_WEBRTC_CORS_ORIGINS: "[]",
      CORE_WEBRTC_ICE_SERVERS:
        '[{"urls":["turn:t.example.org:3478"],"username":"u","credential":"c"}]',
      CORE_PROCESSES: '[{"id":"cam"}]',
    };
    const { config } = loaded(fromEnvironment(env));
    expect(config.webrtc.public_ips).toEqual(["192.0.2.1", "2001:db8::1", "198.51.100.2"]);
    expect(config.webrtc.cors_origins).toEqual([]);
    expect(config.webrtc.ice_servers).toEqual([
      { urls: ["turn:t.example.org:3478"], username: "u", credential: "c" },
    ]);
    expect(config.processes).toEqual([{ id: "cam" }]);
  });

  test("a variable that looks like a setting but is none gives a warning with the nearest name", () => {
    const { warnings } = loaded(
      fromEnvironment({ CORE_WEBRTC_UDPPORT: "1", CORE_SRT_PASSPHRASE: "true", HOME: "/" }),
    );
    expect(warnings).toEqual([
      "CORE_SRT_PASSPHRASE is no setting and is ignored",
      "CORE_WEBRTC_UDPPORT is no setting and is ignored; did you mean CORE_WEBRTC_UDP_PORT?",
    ]);
  });
});

describe("problems", () => {
  test("all of them are found at once, each with field, origin, what was found and what is allowed", () => {
    const text = [
      "webrtc:",
      "  udp_prot: 5",
      '  max_peers_total: "12"',
      "db: ./db",
      "log:",
      "  level: loud",
    ].join("\n");
    expect(problems(fromText(text, { CORE_WEBRTC_UDP_PORT: "abc" }))).toEqual([
      "webrtc.udp_prot (file dragonfork.yaml, line 2): found an unknown key; did you mean webrtc.udp_port?",
      'db (file dragonfork.yaml, line 4): found "./db"; allowed: keys dir',
      'log.level (file dragonfork.yaml, line 6): found "loud"; allowed: debug, info, warn, error, silent',
      'webrtc.udp_port (environment variable CORE_WEBRTC_UDP_PORT): found "abc"; allowed: a whole number from 0 to 65535 (0 = any free port)',
      'webrtc.max_peers_total (file dragonfork.yaml, line 3): found "12"; allowed: a whole number from 1 to 100000',
    ]);
  });

  test.each([
    ["CORE_ADDRESS", "localhost"],
    ["CORE_ADDRESS", ":65536"],
    ["CORE_ADDRESS", "::1:8080"],
    ["CORE_ADDRESS", "1.2.3:80"],
    ["CORE_ADDRESS", "http://localhost:80"],
    ["CORE_ID", "two words"],
    ["CORE_WEBRTC_UDP_PORT", "-1"],
    ["CORE_WEBRTC_UDP_PORT", "8189.5"],
    ["CORE_WEBRTC_UDP_PORT", "0x10"],
    ["CORE_WEBRTC_PUBLIC_IPS", "192.0.2.256"],
    ["CORE_WEBRTC_PUBLIC_IPS", "0.0.0.0"],
    ["CORE_WEBRTC_LEG_PORTS", "19000"],
    ["CORE_WEBRTC_LEG_PORTS", "19599-19000"],
    ["CORE_WEBRTC_LEG_PORTS", "19000-19004"],
    ["CORE_WEBRTC_LEG_PORTS", "0-100"],
    ["CORE_WEBRTC_MAX_PEERS_TOTAL", "0"],
    ["CORE_WEBRTC_CORS_ORIGINS", "www.example.org"],
    ["CORE_WEBRTC_CORS_ORIGINS", "https://www.example.org/path"],
    ["CORE_API_ALLOWED_ORIGINS", "*"],
    ["CORE_API_ALLOWED_HOSTS", "https://x"],
    ["CORE_WEBRTC_ICE_SERVERS", '[{"urls":["http://x"]}]'],
    ["CORE_WEBRTC_ICE_SERVERS", '[{"urls":["turn:x"],"password":"y"}]'],
    ["CORE_WEBRTC_ICE_SERVERS", "turn:x"],
    ["CORE_PROCESSES", "[1]"],
    ["CORE_LOG_LEVEL", "trace"],
    ["CORE_FFMPEG_MAXPROCESSES", "many"],
  ])("%s=%s is refused and the variable is named", (name, value) => {
    const found = problems(fromEnvironment({ [name]: value }));
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(name);
    expect(found[0]).toContain("allowed: ");
  });

  test.each([
    ["CORE_ADDRESS", ":8080"],
    ["CORE_ADDRESS", "[::1]:0"],
    ["CORE_ADDRESS", "media-1.example.org:443"],
    ["CORE_WEBRTC_UDP_PORT", "0"],
    ["CORE_WEBRTC_LEG_PORTS", "20000-20005"],
    ["CORE_WEBRTC_CORS_ORIGINS", "https://a.example.org http://[::1]:8080"],
    ["CORE_WEBRTC_SOURCE_WAIT_SECONDS", "0.5"],
    ["CORE_API_TOKEN", "abcDEF0123456789-._~+/=="],
    ["CORE_WEBRTC_VIEWER_JWKS", "/etc/dragonfork/keys.json"],
    ["CORE_WEBRTC_VIEWER_JWKS", "https://login.example.org/keys?tenant=1"],
    ["CORE_WEBRTC_VIEWER_JWKS", "http://127.0.0.1:9000/keys"],
  ])("%s=%s is allowed", (name, value) => {
    expect(problems(fromEnvironment({ [name]: value }))).toEqual([]);
  });

  test("keys of viewers come over no open network, and their secret is long", () => {
    for (const [name, value] of [
      ["CORE_WEBRTC_VIEWER_JWKS", "http://login.example.org/keys"],
      ["CORE_WEBRTC_VIEWER_JWKS", "file:///etc/keys.json"],
      ["CORE_WEBRTC_VIEWER_JWKS", "https://"],
      ["CORE_WEBRTC_VIEWER_SECRET", "too short to be a secret"],
      ["CORE_METRICS_USERNAME", "a:b"],
    ] as const) {
      expect(problems(fromEnvironment({ [name]: value }))).toHaveLength(1);
    }
  });

  test("a wrong secret is not shown", () => {
    const [token] = problems(fromEnvironment({ CORE_API_TOKEN: "c4n4ry!" }));
    expect(token).toContain("api.token (environment variable CORE_API_TOKEN)");
    expect(token).not.toContain("c4n4ry");
    const servers = '[{"urls":["turn:x"],"credential":5,"username":"c4n4ry"}]';
    expect(problems(fromEnvironment({ CORE_WEBRTC_ICE_SERVERS: servers })).join()).not.toContain(
      "c4n4ry",
    );
  });

  test("the element of a list that is wrong is named", () => {
    const [found] = problems(fromText("webrtc:\n  public_ips: [192.0.2.1, 'x']\n"));
    expect(found).toStartWith('webrtc.public_ips[1] (file dragonfork.yaml, line 2): found "x"');
  });

  test("a setting in the wrong group is told where it belongs", () => {
    expect(problems(fromText("udp_port: 1\n"))[0]).toContain("did you mean webrtc.udp_port?");
    expect(problems(fromText("webrtc.udp_port: 1\n"))[0]).toContain(
      "did you mean webrtc.udp_port?",
    );
  });

  test("a viewers' port within the range of FFmpeg's legs is refused", () => {
    const env = { CORE_WEBRTC_UDP_PORT: "19100" };
    expect(problems(fromEnvironment(env))[0]).toContain("outside of webrtc.leg_ports 19000-19599");
    const workers = { CORE_WEBRTC_UDP_PORT: "18998", CORE_MEDIA_WORKERS: "3" };
    expect(problems(fromEnvironment(workers))[0]).toContain("found 18998-19000 for the media work");
    expect(problems(fromEnvironment({ ...workers, CORE_MEDIA_WORKERS: "2" }))).toEqual([]);
    const last = { CORE_WEBRTC_UDP_PORT: "65535", CORE_MEDIA_WORKERS: "2" };
    expect(problems(fromEnvironment(last))[0]).toContain("allowed: ports up to 65535");
    expect(problems(fromEnvironment({ ...last, CORE_MEDIA_WORKERS: "1" }))).toEqual([]);
  });

  test("a storage that would show the database is refused", () => {
    for (const [storage, db] of [
      ["/data", "/data"],
      ["/data/", "/data/db"],
      ["/", "/data"],
      [".", "./config"],
    ] as const) {
      const env = { CORE_STORAGE_DISK_DIR: storage, CORE_DB_DIR: db };
      expect(problems(fromEnvironment(env))[0]).toContain("does not hold db.dir");
    }
    const env = { CORE_STORAGE_DISK_DIR: "/data/storage", CORE_DB_DIR: "/data" };
    expect(fromEnvironment(env)).toHaveProperty("config");
  });

  test("expressions for addresses are parted by spaces only, and have to be ones", () => {
    const env = { CORE_FFMPEG_ACCESS_INPUT_ALLOW: "(?i)^rtsp: ^[a-z]{1,3}$" };
    expect(fromEnvironment(env)).toHaveProperty("config.ffmpeg.access.input.allow", [
      "(?i)^rtsp:",
      "^[a-z]{1,3}$",
    ]);
    const wrong = { CORE_FFMPEG_ACCESS_OUTPUT_BLOCK: "^ok$ (" };
    expect(problems(fromEnvironment(wrong))[0]).toStartWith("ffmpeg.access.output.block[1]");
  });

  test("a file that cannot be read or parsed is named with the line", () => {
    const missing = loadConfig({
      file: "gone.yaml",
      env: {},
      readFile: () => {
        throw new Error("ENOENT: no such file");
      },
    });
    expect(problems(missing)).toEqual([
      "configuration file gone.yaml: cannot be read: ENOENT: no such file",
    ]);
    expect(problems(fromText("id: a\nid: b\n"))[0]).toStartWith(
      "configuration file dragonfork.yaml, line 2: ",
    );
    expect(problems(fromText('{"id": "a",\n "address" ":1"}'))[0]).toContain("line 2");
    expect(problems(fromText("- a\n"))[0]).toContain(
      'found ["a"]; allowed: settings as key: value',
    );
  });

  test("aliases that multiply without end are refused", () => {
    const levels = Array.from(
      { length: 9 },
      (_, n) => `l${n + 1}: &l${n + 1} [${`*l${n},`.repeat(9)}]`,
    );
    expect(problems(fromText(`l0: &l0 [x]\n${levels.join("\n")}\n`)).join()).toContain("alias");
  });

  test("hostile text of any kind gives problems or a configuration, never an exception", () => {
    let state = 7;
    const random = (below: number): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state % below;
    };
    const pieces = [
      "webrtc",
      ":",
      " ",
      "\n",
      "  ",
      "-",
      "[",
      "]",
      "{",
      "}",
      "&a",
      "*a",
      "!!x",
      "'",
      '"',
      "#",
      "0",
      "~",
      "__proto__",
      "processes",
      "\t",
      "|",
      ">",
      "?",
      "%",
      "\u0000",
      "udp_port",
      ",",
    ];
    for (let round = 0; round < 3000; round += 1) {
      const text = Array.from({ length: random(24) }, () => pieces[random(pieces.length)]).join("");
      const result = fromText(text);
      expect("problems" in result ? result.problems.length > 0 : result.config !== undefined).toBe(
        true,
      );
    }
    expect({}).not.toHaveProperty("udp_port");
  });
});
