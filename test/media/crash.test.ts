/** The server killed by -9: what it has acknowledged is there at the next start, and no FFmpeg is left behind. */
import { afterAll, afterEach, describe, expect, test } from "bun:test";
import { accessSync, constants, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fixedRandom } from "../support/fixed-random.ts";
import { memoryFolder } from "../support/memory-folder.ts";
import { ffmpegOf, ffmpegsOf, isRunning } from "../support/processes.ts";
import { startServer, type TestServer, untilLive } from "../support/start-server.ts";
import { testSource } from "../support/test-sources.ts";
import { until } from "../support/whep-player.ts";

const folder = memoryFolder("crash-");
const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of cleanUp.splice(0).reverse()) await end();
});
afterAll(() => rmSync(folder, { recursive: true }));

const KILLS = 50;
/** Servers at once, each with a store of its own. */
const LANES = 2;
/** Clients that write at once, each to one process. */
const WRITERS = 4;
const SLOTS = [0, 1, 2];

/** What a process is known to be: absent, or with a reference that counts the changes. */
type Known = number | "absent";

/** One client. Knows of each of its processes what was acknowledged last, and what may have come through. */
class Writer {
  readonly acknowledged = new Map<string, Known>();
  /** The change that had no answer when the server died. */
  inFlight: { id: string; becomes: Known } | undefined;
  answers = 0;
  private readonly name: string;
  private readonly random: ReturnType<typeof fixedRandom>;
  private changes = 0;

  constructor(name: string, seed: number) {
    this.name = name;
    this.random = fixedRandom(seed);
  }

  /** Writes on and on until the server is gone. */
  async run(url: string): Promise<void> {
    for (;;) {
      const id = `${this.name}-${this.random.below(SLOTS.length)}`;
      const known = this.acknowledged.get(id) ?? "absent";
      const deletes = known !== "absent" && this.random.below(4) === 0;
      const becomes = deletes ? "absent" : ++this.changes;
      this.inFlight = { id, becomes };
      const answer = await this.send(url, id, known, becomes).catch(() => undefined);
      if (answer === undefined) return;
      if (answer.status !== 200) throw new Error(`${answer.status}: ${await answer.text()}`);
      this.acknowledged.set(id, becomes);
      this.inFlight = undefined;
      this.answers++;
    }
  }

  /** Holds what the next server has against what this client knows, and takes it over. */
  check(found: ReadonlyMap<string, number>): void {
    for (const slot of SLOTS) {
      const id = `${this.name}-${slot}`;
      const is = found.get(id) ?? "absent";
      const allowed = [this.acknowledged.get(id) ?? "absent"];
      if (this.inFlight?.id === id) allowed.push(this.inFlight.becomes);
      expect(allowed, `${id} after a kill`).toContain(is);
      this.acknowledged.set(id, is);
    }
    this.inFlight = undefined;
  }

  private send(url: string, id: string, known: Known, becomes: Known): Promise<Response> {
    const list = `${url}/api/v3/process`;
    const headers = { "content-type": "application/json" };
    if (becomes === "absent") return fetch(`${list}/${id}`, { method: "DELETE" });
    const reference = String(becomes);
    if (known !== "absent") {
      return fetch(`${list}/${id}`, {
        method: "PUT",
        headers,
        body: JSON.stringify({ reference }),
      });
    }
    const input = [{ id: "in", address: "rtsp://cam.example/1" }];
    const output = [{ id: "out", address: "-", options: ["-f", "null"] }];
    const body = JSON.stringify({ id, reference, input, output, autostart: false });
    return fetch(list, { method: "POST", headers, body });
  }
}

async function stored(server: TestServer): Promise<Map<string, number>> {
  const list = (await server.get("/api/v3/process?filter=none")) as {
    id: string;
    reference: string;
  }[];
  return new Map(list.map(({ id, reference }) => [id, Number(reference)]));
}

function kill(server: TestServer): Promise<number> {
  process.kill(server.pid, "SIGKILL");
  return server.exited;
}

/** Kills one server after another, over one store, at random moments of writing. Returns how much was acknowledged. */
async function lane(number: number, kills: number): Promise<number> {
  const env = { CORE_DB_DIR: join(folder, `lane-${number}`) };
  const random = fixedRandom(100 + number);
  const writers = Array.from(
    { length: WRITERS },
    (_, at) => new Writer(`w${at}`, number * 10 + at),
  );
  for (let round = 0; round <= kills; round++) {
    const server = await startServer({ env });
    try {
      const found = await stored(server);
      for (const writer of writers) writer.check(found);
      if (round === kills) break;
      const writing = Promise.all(writers.map((writer) => writer.run(server.url)));
      await Bun.sleep(random.below(150));
      await kill(server);
      await writing;
    } finally {
      await server.stop();
    }
  }
  return writers.reduce((sum, { answers }) => sum + answers, 0);
}

test(`nothing acknowledged is lost by ${KILLS} kills at random moments of writing`, async () => {
  const lanes = Array.from({ length: LANES }, (_, number) => lane(number, KILLS / LANES));
  const answers = (await Promise.all(lanes)).reduce((sum, one) => sum + one, 0);
  expect(answers).toBeGreaterThan(KILLS * WRITERS);
}, 180_000);

describe("an FFmpeg of a server that was killed", () => {
  /** Started by one server, looked for after the next one's start. */
  async function killed(wrapper: readonly string[]) {
    const env = { CORE_DB_DIR: mkdtempSync(join(folder, "db-")) };
    const setup = { env, processes: [testSource("cam")] };
    const first = await startServer({ ...setup, wrapper });
    cleanUp.push(() => first.stop());
    await untilLive(first, "cam");
    const pid = await ffmpegOf(first.pid);
    await kill(first);
    return { pid, setup };
  }

  async function next(setup: Parameters<typeof startServer>[0]) {
    const server = await startServer(setup);
    cleanUp.push(() => server.stop());
    await untilLive(server, "cam");
    return server;
  }

  test("ends with it, by the kernel's hand", async () => {
    const { pid, setup } = await killed([]);
    await until(() => !isRunning(pid), 10_000, "FFmpeg to end");
    const server = await next(setup);
    expect(ffmpegsOf(server.pid)).toHaveLength(1);
  }, 60_000);

  // Another file in the place of setpriv, for this server only.
  const hidden = "mount --bind /dev/null $(readlink -f /usr/bin/setpriv)";
  const canHide = process.getuid?.() === 0 && canRun(["unshare", "-m", "sh", "-c", hidden]);

  test.if(canHide)(
    "where the system has no setpriv is ended by the next server",
    async () => {
      const { pid, setup } = await killed([
        "unshare",
        "-m",
        "sh",
        "-c",
        `${hidden} && exec "$@"`,
        "sh",
      ]);
      await Bun.sleep(300);
      expect(isRunning(pid)).toBe(true);
      const server = await next(setup);
      expect(isRunning(pid)).toBe(false);
      expect(ffmpegsOf(server.pid)).toHaveLength(1);
      const ended = server
        .log()
        .find(({ msg }) => msg === "ended FFmpeg left by an earlier server");
      expect(ended?.["count"]).toBe(1);
    },
    60_000,
  );
});

function canRun(command: string[]): boolean {
  try {
    accessSync("/usr/bin/setpriv", constants.X_OK);
    return Bun.spawnSync(command, { stdout: "ignore", stderr: "ignore" }).exitCode === 0;
  } catch {
    return false;
  }
}
