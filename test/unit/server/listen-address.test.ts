import { describe, expect, test } from "bun:test";
import { PROBE_MS_MAX } from "../../../src/process/probe.ts";
import { idleSeconds, localUrl, parseListenAddress } from "../../../src/server/listen-address.ts";

describe("listen address", () => {
  test.each([
    ["127.0.0.1:8080", "127.0.0.1", 8080],
    [":8080", "", 8080],
    ["localhost:0", "localhost", 0],
    ["[::1]:8080", "::1", 8080],
    ["[::]:80", "::", 80],
  ])("%s is read as Core reads it", (address, host, port) => {
    expect(parseListenAddress(address)).toEqual({ host, port });
  });

  test.each([
    [{ host: "", port: 8080 }, "http://127.0.0.1:8080"],
    [{ host: "0.0.0.0", port: 8080 }, "http://127.0.0.1:8080"],
    [{ host: "::", port: 8080 }, "http://127.0.0.1:8080"],
    [{ host: "::1", port: 8080 }, "http://[::1]:8080"],
    [{ host: "media.example", port: 80 }, "http://media.example:80"],
  ])("the URL of %o can be opened on this machine", (address, url) => {
    expect(localUrl(address)).toBe(url);
  });
});

test("a connection outlives the longest answer by more than the four seconds between Bun's looks", () => {
  for (const waitSeconds of [0, 5, 19.5, 60]) {
    const longest = Math.max(waitSeconds, PROBE_MS_MAX / 1000);
    expect(idleSeconds(waitSeconds)).toBeGreaterThan(longest + 4);
    expect(idleSeconds(waitSeconds)).toBeInteger();
  }
  // Bun takes no more.
  expect(idleSeconds(60)).toBeLessThan(256);
});
