import { describe, expect, test } from "bun:test";
import { localUrl, parseListenAddress } from "../../../src/server/listen-address.ts";

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
