import { describe, expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import { ProcessInvalid } from "../../../src/errors/process.ts";
import { demoRecord } from "../../../src/process/demo-record.ts";
import {
  type ProcessRecord,
  ProcessRecordSchema,
  parseRecord,
  shortId,
} from "../../../src/process/record.ts";
import { fixedRandom } from "../../support/fixed-random.ts";

const minimal = {
  id: "cam",
  input: [{ id: "in", address: "rtsp://10.0.0.7/ch1", options: ["-rtsp_transport", "tcp"] }],
  output: [{ id: "out", address: "-", options: ["-f", "null"] }],
};
const live = { id: "cam", input: minimal.input, webrtc: { enabled: true } };

function refusal(input: unknown, base?: ProcessRecord): ProcessInvalid {
  try {
    parseRecord(input, base);
  } catch (error) {
    if (error instanceof ProcessInvalid) return error;
    throw error;
  }
  throw new Error("the record was accepted");
}

describe("a new record", () => {
  test("gets datarhei's defaults: autostart on, everything else zero", () => {
    expect(parseRecord(minimal)).toEqual({
      id: "cam",
      type: "ffmpeg",
      reference: "",
      input: [{ ...minimal.input[0]!, cleanup: [] }],
      output: [{ ...minimal.output[0]!, cleanup: [] }],
      options: [],
      reconnect: false,
      reconnect_delay_seconds: 0,
      autostart: true,
      stale_timeout_seconds: 0,
      limits: { cpu_usage: 0, memory_mbytes: 0, waitfor_seconds: 0 },
      webrtc: undefined,
    });
  });

  test("ignores unknown fields and takes nulls as absent, as the Python client sends them", () => {
    const nulls = {
      ...{ limits: null, scheduler: null, options: null, reconnect: null, type: null },
      ...{ owner: null, metadata: null, binary: "x" },
    };
    expect(parseRecord({ ...minimal, ...nulls })).toEqual(parseRecord(minimal));
  });

  test("takes field names in any case, an exact one first", () => {
    const record = parseRecord({ ...minimal, ReConnect: true, AUTOSTART: true, autostart: false });
    expect(record.reconnect).toBe(true);
    expect(record.autostart).toBe(false);
    expect(parseRecord({ ...minimal, autostart: false, AUTOSTART: true }).autostart).toBe(false);
  });

  test("without ids gets them from the given source", () => {
    let next = 0;
    const input = [{ address: "rtsp://a/b" }];
    const record = parseRecord({ ...live, id: undefined, input }, undefined, () => `id${next++}`);
    expect([record.id, record.input[0]?.id]).toEqual(["id0", "id1"]);
  });

  test("may have colons, dots, slashes and blanks in its id, stored as they are", () => {
    expect(parseRecord({ ...minimal, id: " restreamer-ui:ingest:a/b.c " }).id).toBe(
      " restreamer-ui:ingest:a/b.c ",
    );
  });

  test("needs no output when it is published over WebRTC", () => {
    expect(parseRecord(live).output).toEqual([]);
    expect(refusal({ ...minimal, output: [] }).message).toBe(
      "At least one input and one output need to be defined",
    );
  });

  test("fits the documented schema", () => {
    for (const record of [parseRecord(minimal), parseRecord(live), demoRecord()]) {
      const json: unknown = JSON.parse(JSON.stringify(record));
      expect([...Value.Errors(ProcessRecordSchema, json)]).toEqual([]);
    }
  });
});

describe("a wrong JSON type is refused with field, found and allowed:", () => {
  const cases: [string, unknown, string][] = [
    [
      "negative delay",
      { ...minimal, reconnect_delay_seconds: -1 },
      "reconnect_delay_seconds: found -1; allowed: a whole number from 0",
    ],
    [
      "delay as text",
      { ...minimal, reconnect_delay_seconds: "5" },
      'reconnect_delay_seconds: found "5"; allowed: a whole number from 0',
    ],
    [
      "broken seconds",
      { ...minimal, stale_timeout_seconds: 1.5 },
      "stale_timeout_seconds: found 1.5; allowed: a whole number from 0",
    ],
    ["type gst", { ...minimal, type: "gst" }, 'type: found "gst"; allowed: ffmpeg'],
    [
      "options as text",
      { ...minimal, options: "-re" },
      'options: found "-re"; allowed: a list of at most 1000 entries',
    ],
    [
      "a NUL",
      { ...minimal, options: ["a\0b"] },
      'options[0]: found "a\\u0000b"; allowed: a string of at most 16384 characters without NUL and lone surrogates',
    ],
    [
      "half a surrogate pair, which no URL can name",
      { ...minimal, id: "a\ud800" },
      'id: found "a\\ud800"; allowed: a string of at most 16384 characters without NUL and lone surrogates',
    ],
    [
      "no output",
      { id: "a", input: minimal.input },
      "output: found nothing; allowed: a list, which may be absent only with webrtc.enabled",
    ],
    ["a list", [], "body: allowed: an object"],
    [
      "a wrong mode",
      { ...live, webrtc: { enabled: true, video: { mode: "always" } } },
      'webrtc.video.mode: found "always"; allowed: auto, copy, transcode, off',
    ],
    [
      "a wild bitrate",
      { ...live, webrtc: { audio: { bitrate_kbit: 5000 } } },
      "webrtc.audio.bitrate_kbit: found 5000; allowed: 6 to 510",
    ],
    [
      "a keyframe per frame",
      { ...live, webrtc: { video: { gop_seconds: 0 } } },
      "webrtc.video.gop_seconds: found 0; allowed: 0.2 to 60",
    ],
    [
      "half a viewer",
      { ...live, webrtc: { max_peers: 0.5 } },
      "webrtc.max_peers: found 0.5; allowed: a whole number from 0",
    ],
    [
      "an unknown rule for viewers",
      { ...live, webrtc: { token: "none" } },
      'webrtc.token: found "none"; allowed: server, public, bearer, signed',
    ],
    [
      "a cache of an hour",
      { ...live, webrtc: { gop_cache: { seconds: 3600 } } },
      "webrtc.gop_cache.seconds: found 3600; allowed: 0 to 60",
    ],
    [
      "a cache that is a switch",
      { ...live, webrtc: { gop_cache: true } },
      "webrtc.gop_cache: found true; allowed: an object",
    ],
  ];
  test.each(cases)("%s", (_name, input, detail) => {
    const error = refusal(input);
    expect(error.message).toBe("Invalid JSON");
    expect(error.details).toContain(detail);
  });

  test("all problems come at once", () => {
    expect(refusal({ ...minimal, reconnect: 1, autostart: 1, reference: 1 }).details).toHaveLength(
      3,
    );
  });
});

describe("a broken rule is refused:", () => {
  const cases: [string, unknown, string][] = [
    ["an empty id", { ...minimal, id: "" }, "an empty ID is not allowed"],
    ["a blank id", { ...minimal, id: "  " }, "an empty ID is not allowed"],
    ["a long id", { ...minimal, id: "x".repeat(257) }, "found 257 characters"],
    ["a line break in an id", { ...minimal, id: "a\nb" }, "control characters"],
    [
      "a used input id",
      { ...minimal, input: [minimal.input[0], minimal.input[0]] },
      "the input ID 'in' is already in use for the process `cam`",
    ],
    [
      "a blank address",
      { ...minimal, input: [{ id: "a", address: "  " }] },
      "the address for input '#cam:a' must not be empty",
    ],
    ["an extra -i", { ...minimal, options: ["-i", "/etc/passwd"] }, "options: found -i"],
    [
      "both legs off",
      { ...live, webrtc: { enabled: true, video: { mode: "off" }, audio: { mode: "off" } } },
      "found off for both",
    ],
  ];
  test.each(cases)("%s", (_name, input, part) => {
    const error = refusal(input);
    expect(error.message).toBe("Invalid process config");
    expect(error.details.join()).toContain(part);
  });
});

describe("a change", () => {
  const base = parseRecord({
    ...minimal,
    reference: "r",
    webrtc: { enabled: true, max_peers: 3, token: "signed", video: { bitrate_kbit: 900 } },
  });

  test("keeps everything it doesn't name, the webrtc block too", () => {
    expect(parseRecord({ reconnect_delay_seconds: 7 }, base)).toEqual({
      ...base,
      reconnect_delay_seconds: 7,
    });
  });

  test("of an input keeps the options of the input at the same place, as Core does", () => {
    const { input } = parseRecord({ input: [{ id: "n", address: "rtsp://z/" }] }, base);
    expect(input).toEqual([
      { id: "n", address: "rtsp://z/", options: ["-rtsp_transport", "tcp"], cleanup: [] },
    ]);
  });

  test("goes into the webrtc block field by field", () => {
    const { webrtc } = parseRecord({ webrtc: { video: { codec: "vp8" } } }, base);
    expect(webrtc).toMatchObject({ enabled: true, max_peers: 3, token: "signed" });
    expect(webrtc?.video).toMatchObject({ codec: "vp8", bitrate_kbit: 900, mode: "auto" });
    const cached = parseRecord({ webrtc: { gop_cache: { seconds: 4 } } }, base).webrtc;
    expect(cached?.gop_cache).toEqual({ enabled: true, seconds: 4, packets: 0, bytes: 0 });
  });

  test("to null removes the webrtc block", () => {
    expect(parseRecord({ webrtc: null }, base).webrtc).toBeUndefined();
  });

  test("may rename, and an empty type is left as it is", () => {
    expect(parseRecord({ id: "cam2", type: "" }, base).id).toBe("cam2");
  });

  test("that breaks a rule says so in Core's words", () => {
    expect(refusal({ id: "" }, base).message).toBe("Process can't be updated");
  });

  test("doesn't share lists with the record it changes", () => {
    const changed = parseRecord({}, base);
    changed.input[0]!.options.push("x");
    expect(base.input[0]!.options).toEqual(["-rtsp_transport", "tcp"]);
  });
});

test("random JSON is refused or accepted, never an unexpected error", () => {
  const random = fixedRandom(5);
  const words = [
    "id",
    "input",
    "output",
    "address",
    "options",
    "webrtc",
    "video",
    "limits",
    "mode",
  ];
  const value = (depth: number): unknown => {
    const kind = random.below(depth > 4 ? 5 : 8);
    if (kind === 0) return null;
    if (kind === 1) return random.below(100) - 50;
    if (kind === 2) return random.below(2) === 1;
    if (kind <= 4) return words[random.below(words.length)];
    if (kind === 5) return Array.from({ length: random.below(4) }, () => value(depth + 1));
    const keys = Array.from({ length: random.below(7) }, () => words[random.below(words.length)]!);
    return Object.fromEntries(keys.map((key) => [key, value(depth + 1)]));
  };
  for (let round = 0; round < 5000; round++) {
    try {
      parseRecord(value(0));
    } catch (error) {
      expect(error).toBeInstanceOf(ProcessInvalid);
    }
  }
});

test("generated ids have 22 characters without look-alikes", () => {
  const id = shortId((count) => new Uint8Array(count).fill(255));
  expect(id).toMatch(/^[2-9A-HJ-NP-Za-km-z]{22}$/);
  expect(shortId((count) => new Uint8Array(count))).not.toBe(id);
});

test("an address that FFmpeg must not be given is one for security to watch", () => {
  const read = (address: string) => refusal({ ...minimal, input: [{ id: "in", address }] });
  expect(read("concat:/etc/passwd").securityEvent).toBe("source_url_refused");
  expect(refusal({ ...minimal, id: ".." }).securityEvent).toBeUndefined();
});
