import { describe, expect, test } from "bun:test";
import { browserModule } from "../../support/browser-module.ts";

interface Words {
  title: string;
  advice: string;
  retry: string;
}
const { describeFailure, failureKind, pauseMs } = await browserModule<{
  describeFailure: (failure: object, context: object) => Words;
  failureKind: (status: number, problem: object) => string;
  pauseMs: (facts: object) => number;
}>("failures");

const context = { streamId: "a/b", hasToken: false, pageHost: "media.example:8080" };
const words = (failure: object, more: object = {}) =>
  describeFailure(failure, { ...context, ...more });

describe("the words for a failure", () => {
  test("name the stream that does not exist", () => {
    expect(words({ kind: "stream-not-found" }).title).toContain("a/b");
    expect(words({ kind: "stream-not-found" }).retry).toBe("rarely");
  });

  test("name the codec of the stream and those of the browser", () => {
    const problem = { media: "video", offered: ["VP8", "VP9"], produced: "H264 42e01f" };
    const { title, advice, retry } = words({ kind: "codec-mismatch", problem });
    expect(title).toContain("video codec");
    expect(advice).toContain("The stream is H264 42e01f; this browser offers VP8, VP9.");
    expect(advice).toContain("OpenH264");
    expect(retry).toBe("never");
  });

  test("say so when the browser offered no codec of the kind at all", () => {
    const problem = { media: "audio", offered: [], produced: "OPUS" };
    expect(words({ kind: "codec-mismatch", problem }).advice).toContain("no audio codec");
  });

  test("tell the stream's limit from the server's", () => {
    const scoped = (scope: string) => words({ kind: "peer-limit-reached", problem: { scope } });
    expect(scoped("stream").title).toContain("This stream");
    expect(scoped("global").title).toContain("The server");
  });

  test("tell a missing token from a wrong one", () => {
    expect(words({ kind: "unauthorized" }).title).toContain("needs");
    expect(words({ kind: "unauthorized" }, { hasToken: true }).title).toContain("did not accept");
    expect(words({ kind: "unauthorized" }).retry).toBe("token");
    const problem = { detail: "The viewer token has expired." };
    expect(words({ kind: "unauthorized", problem }, { hasToken: true }).advice).toStartWith(
      "The viewer token has expired. Enter the token",
    );
    expect(words({ kind: "unauthorized", problem }).advice).toStartWith("Enter the token");
  });

  test("name the UDP address that gave no answer", () => {
    const { advice } = words({ kind: "no-network-path", addresses: ["192.0.2.7:8189"] });
    expect(advice).toContain("UDP 192.0.2.7:8189");
    expect(advice).toContain("CORE_WEBRTC_PUBLIC_IPS");
  });

  test("see that a server announces only loopback to a viewer elsewhere", () => {
    const failure = { kind: "no-network-path", addresses: ["127.0.0.1:8189", "[::1]:8189"] };
    expect(words(failure).advice).toContain("the server's own machine");
    expect(words(failure, { pageHost: "localhost:8080" }).advice).not.toContain("own machine");
  });

  test("pass on the id of an internal error", () => {
    expect(words({ kind: "server-error", problem: { id: "f00d" } }).advice).toContain("f00d");
  });

  test("use the server's sentence for a refused request", () => {
    const problem = { detail: "The moon is full." };
    expect(words({ kind: "offer-invalid", problem }).advice).toBe("The moon is full.");
  });
});

describe("the pause before the next attempt", () => {
  test("doubles up to half a minute", () => {
    const pauses = [0, 1, 2, 3, 4, 5, 50].map((attempt) =>
      pauseMs({ retry: "soon", attempt, random: 0.5 }),
    );
    expect(pauses).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
  });

  test("is never shorter than Retry-After", () => {
    const pause = { retry: "soon", attempt: 0, retryAfterSeconds: 12 };
    expect(pauseMs({ ...pause, random: 0 })).toBe(12_000);
    expect(pauseMs({ ...pause, random: 0.999 })).toBeGreaterThan(12_000);
  });

  test("is long for a stream that does not exist", () => {
    expect(pauseMs({ retry: "rarely", attempt: 0, random: 0 })).toBe(30_000);
  });
});

describe("the kind of an error answer", () => {
  test("comes from the problem's type", () => {
    expect(failureKind(503, { type: "/problems/server-draining" })).toBe("server-draining");
  });

  test("comes from the status where a proxy answered", () => {
    expect(failureKind(404, {})).toBe("stream-not-found");
    expect(failureKind(503, { type: "about:blank" })).toBe("unavailable");
    expect(failureKind(500, {})).toBe("server-error");
    expect(failureKind(401, { type: "/problems/of-a-newer-server" })).toBe("unauthorized");
    expect(failureKind(413, { type: 7 })).toBe("offer-invalid");
  });
});
