/** datarhei Core's db.json: what it says is what we store, and what we write is what it said. */
import { describe, expect, test } from "bun:test";
import { ProcessInvalid } from "../../../src/errors/process.ts";
import { readCoreData, writeCoreData } from "../../../src/process/core-db.ts";
import { parseRecord } from "../../../src/process/record.ts";
import { fixedRandom } from "../../support/fixed-random.ts";

const text = await Bun.file(new URL("../../fixtures/core-db.json", import.meta.url)).text();

type Loose = Record<string, unknown>;

/** The file with a change to its first process. */
function changed(change: (config: Loose, process: Loose, file: Loose) => void): unknown {
  const file = JSON.parse(text) as Loose;
  const process = (file["process"] as Record<string, Loose>)["cam"] ?? {};
  change(process["config"] as Loose, process, file);
  return file;
}

function refusal(file: unknown): string {
  try {
    readCoreData(file);
  } catch (error) {
    expect(error).toBeInstanceOf(ProcessInvalid);
    return (error as ProcessInvalid).details.join();
  }
  throw new Error("it was taken");
}

describe("a db.json of Core", () => {
  test("becomes records with their order, times and metadata", () => {
    const { processes, serverMetadata, refused, leftOut } = readCoreData(JSON.parse(text));
    expect([refused, leftOut]).toEqual([[], []]);
    expect(serverMetadata).toEqual({ ui: { theme: "dark" } });
    expect(processes.map(({ record, order }) => [record.id, order])).toEqual([
      ["cam", "stop"],
      ["restreamer-ui:ingest:1", "start"],
    ]);
    const [cam] = processes;
    expect(cam).toMatchObject({
      createdAt: 1_700_000_000,
      updatedAt: 1_700_000_100,
      metadata: { "restreamer-ui": { name: "Camera" } },
      record: {
        ...{ type: "ffmpeg", reference: "ref", reconnect: true, reconnect_delay_seconds: 15 },
        ...{ autostart: true, stale_timeout_seconds: 30, options: ["-loglevel", "level+info"] },
        limits: { cpu_usage: 50.5, memory_mbytes: 100, waitfor_seconds: 5 },
        input: [{ address: "rtsp://admin:s3cret@10.0.0.7/ch1" }],
        webrtc: undefined,
      },
    });
    expect(cam?.record.output[0]?.cleanup).toEqual([
      { pattern: "diskfs:/cam*", max_files: 6, max_file_age_seconds: 0, purge_on_delete: true },
    ]);
  });

  test("of Core is written again as Core had it, but for the FFmpeg version that Core fills in", () => {
    const before = JSON.parse(text.replaceAll('"cleanup": null', '"cleanup": []'));
    for (const process of Object.values(before.process) as { config: Loose }[]) {
      process.config["ffversion"] = "";
    }
    expect(JSON.parse(JSON.stringify(writeCoreData(readCoreData(before))))).toEqual(before);
  });

  test("of ours carries the webrtc block there and back", () => {
    const record = parseRecord({
      id: "live/1",
      input: [{ id: "in", address: "rtsp://cam/1" }],
      limits: { memory_mbytes: 3 },
      webrtc: { enabled: true, max_peers: 4, video: { codec: "vp8" }, gop_cache: { seconds: 2 } },
    });
    const stored = {
      record,
      order: "start",
      metadata: { k: [1] },
      createdAt: 5,
      updatedAt: 6,
    } as const;
    const file: unknown = JSON.parse(
      JSON.stringify(writeCoreData({ processes: [stored], serverMetadata: { a: null } })),
    );
    const { processes, serverMetadata } = readCoreData(file);
    expect(processes).toEqual([stored]);
    expect(serverMetadata).toEqual({ a: null });
  });

  test("may name a process like something that every object has", () => {
    const file = changed((config, process, whole) => {
      config["id"] = "constructor";
      whole["process"] = { constructor: { ...process, id: "constructor" } };
      whole["metadata"] = { process: {} };
    });
    const { processes, refused } = readCoreData(file);
    expect(refused).toEqual([]);
    expect(processes).toMatchObject([{ record: { id: "constructor" }, metadata: {} }]);
  });

  test("of another version, or that is none, is refused as a whole", () => {
    expect(
      refusal(
        changed((_config, _process, file) => {
          file["version"] = 3;
        }),
      ),
    ).toBe("version: found 3; allowed: 4");
    expect(refusal([])).toBe("the file: found []; allowed: an object");
    expect(refusal({ version: 4, process: 7 })).toBe("process: found 7; allowed: an object");
  });

  test("refuses single processes by name, and takes the others", () => {
    const cases: [Parameters<typeof changed>[0], string][] = [
      [
        (config) => {
          config["input"] = [];
        },
        "input has 0, output has 1",
      ],
      [
        (config) => {
          config["id"] = "other";
        },
        'config.id: found "other"; allowed: "cam"',
      ],
      [
        (config) => {
          config["limit_memory_bytes"] = "1";
        },
        'limits.memory_mbytes: found "1"',
      ],
      [
        (_config, process) => {
          process["order"] = "pause";
        },
        'order: found "pause"',
      ],
      [
        (_config, process) => {
          process["created_at"] = 1.5;
        },
        "created_at: found 1.5",
      ],
      [(_config, process) => void delete process["config"], "config: found nothing"],
    ];
    for (const [change, problem] of cases) {
      const { processes, refused } = readCoreData(changed(change));
      expect(refused.join()).toStartWith(`process "cam": ${problem}`);
      expect(processes.map(({ record }) => record.id)).toEqual(["restreamer-ui:ingest:1"]);
    }
  });

  test("says what of a newer Core's process is left out", () => {
    const { leftOut, refused } = readCoreData(
      changed((config, _process, file) => {
        Object.assign(config, { scheduler: "* * * * *", timeout: 0, log_patterns: [] });
        config["limit_gpu_usage"] = { usage: 0, encoder: 0, decoder: 0, memory: 0 };
        file["domain"] = { studio: {} };
      }),
    );
    expect(leftOut).toEqual(['process "cam": scheduler is not supported and left out']);
    expect(refused).toEqual(['domain "studio": there are no domains here']);
  });

  test("less than a megabyte stays a limit", () => {
    const { processes } = readCoreData(
      changed((config) => {
        config["limit_memory_bytes"] = 1;
      }),
    );
    expect(processes[0]?.record.limits.memory_mbytes).toBe(1);
  });
});

test("a damaged db.json is read or refused, never an unexpected error", () => {
  const random = fixedRandom(11);
  const values = [null, 0, -1, "", "x", [], {}, true, [null], { a: null }];
  const spoil = (value: unknown): unknown => {
    if (random.below(12) === 0) return values[random.below(values.length)];
    if (Array.isArray(value)) return value.map(spoil);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, spoil(one)]));
  };
  for (let round = 0; round < 3000; round++) {
    try {
      readCoreData(spoil(JSON.parse(text)));
    } catch (error) {
      expect(error).toBeInstanceOf(ProcessInvalid);
    }
  }
});
