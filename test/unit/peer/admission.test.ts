import { describe, expect, test } from "bun:test";
import { PeerLimitReached, ServerDraining } from "../../../src/errors/viewer.ts";
import { Admission } from "../../../src/peer/admission.ts";

const stream = (id: string, peersMax?: number) => ({ id, peersMax });

/** The limit that refuses a viewer, undefined where none does. */
function limitOf(admission: Admission, of: ReturnType<typeof stream>) {
  try {
    admission.check(of);
  } catch (error) {
    if (error instanceof PeerLimitReached) return { scope: error.scope, limit: error.limit };
    throw error;
  }
  return undefined;
}

describe("viewer limits", () => {
  test("the limit of the server counts the viewers of all streams", () => {
    const admission = new Admission({ total: 2, perStream: 10 });
    admission.take(stream("a"));
    admission.take(stream("b"));
    expect(limitOf(admission, stream("c"))).toEqual({ scope: "global", limit: 2 });
    expect(() => admission.take(stream("c"))).toThrow(PeerLimitReached);
    expect(admission.count()).toBe(2);
  });

  test("the limit of a stream leaves the others alone, and a stream may have one of its own", () => {
    const admission = new Admission({ total: 10, perStream: 1 });
    const wide = stream("wide", 2);
    admission.take(stream("cam"));
    expect(limitOf(admission, stream("cam"))).toEqual({ scope: "stream", limit: 1 });
    admission.take(wide);
    expect(limitOf(admission, wide)).toBeUndefined();
    admission.take(wide);
    expect(limitOf(admission, wide)).toEqual({ scope: "stream", limit: 2 });
    expect([admission.count("cam"), admission.count("wide"), admission.count("none")]).toEqual([
      1, 2, 0,
    ]);
  });

  test("a viewer that left makes room for the next", () => {
    const admission = new Admission({ total: 1, perStream: 1 });
    admission.take(stream("cam"));
    admission.release("cam");
    expect(admission.count()).toBe(0);
    expect(limitOf(admission, stream("cam"))).toBeUndefined();
  });

  test("a draining server takes nobody", () => {
    const admission = new Admission({ total: 1, perStream: 1 });
    admission.drain();
    expect(() => admission.check(stream("cam"))).toThrow(ServerDraining);
  });
});
