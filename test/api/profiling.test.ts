import { describe, expect, test } from "bun:test";
import { ProfileRunning } from "../../src/errors.ts";
import { Harness, problemOf } from "./support/harness.ts";

const asked: number[] = [];
const PROFILING = {
  cpu: async (seconds: number) => {
    asked.push(seconds);
    return new Uint8Array([1, 2, 3]);
  },
  heap: () => new Uint8Array([4]),
  heapText: () => "bytes objects class\n",
  heapSnapshot: () => "{}",
};
const PATHS = ["/debug/pprof/", "/debug/pprof/profile?seconds=1", "/debug/pprof/heap"];

test.each(PATHS)("%s is not there unless it was asked for", async (path) => {
  expect((await new Harness().send("GET", path)).status).toBe(404);
});

test.each(PATHS)("%s is for those who may administer", async (path) => {
  const harness = new Harness({ profiling: PROFILING, admin: { token: "secret", boundHost: "" } });
  expect((await harness.send("GET", path)).status).toBe(401);
  const headers = { authorization: "Bearer secret" };
  expect((await harness.send("GET", path, { headers })).status).toBe(200);
});

describe("a profile", () => {
  const get = (path: string) => new Harness({ profiling: PROFILING }).send("GET", path);

  test("takes 30 s unless it is told otherwise", async () => {
    asked.length = 0;
    const { headers } = await get("/debug/pprof/profile");
    await get("/debug/pprof/profile?seconds=5");
    expect(asked).toEqual([30, 5]);
    expect(headers.get("content-type")).toBe("application/octet-stream");
  });

  test.each(["0", "301", "-1", "1.5", "ten", ""])("of %p seconds is refused", async (seconds) => {
    const answer = await get(`/debug/pprof/profile?seconds=${seconds}`);
    expect(answer.status).toBe(400);
    expect(problemOf(answer).detail).toBe("seconds must be a whole number from 1 to 300.");
  });

  test("while another one is taken has to wait", async () => {
    const cpu = async () => {
      throw new ProfileRunning(12);
    };
    const harness = new Harness({ profiling: { ...PROFILING, cpu } });
    const { status, headers } = await harness.send("GET", "/debug/pprof/profile");
    expect([status, headers.get("retry-after")]).toEqual([409, "12"]);
  });

  test("of the heap comes as text and as a snapshot too", async () => {
    expect((await get("/debug/pprof/heap?debug=1")).body).toBe("bytes objects class\n");
    expect((await get("/debug/pprof/heap?format=heapsnapshot")).body).toBe("{}");
    expect((await get("/debug/pprof/heap?format=svg")).status).toBe(400);
  });
});
