import { describe, expect, test } from "bun:test";
import { OfferInvalid } from "../../../src/errors/viewer.ts";
import { BodyTooLarge } from "../../../src/errors.ts";
import { hasMediaType, readBody } from "../../../src/whep/body.ts";

const refuse = (what: string) => new OfferInvalid(what);
const post = (body: string | ReadableStream | null, headers: Record<string, string> = {}) =>
  new Request("http://localhost/", { method: "POST", body, headers });

describe("a body", () => {
  test("is read up to the limit and refused beyond it", async () => {
    expect(await readBody(post("x".repeat(10)), 10, refuse)).toBe("x".repeat(10));
    await expect(readBody(post("x".repeat(11)), 10, refuse)).rejects.toThrow(BodyTooLarge);
    expect(await readBody(post(null), 10, refuse)).toBe("");
  });

  test("is refused by its announced length before a byte is read", async () => {
    const request = post("x", { "content-length": "1000000" });
    await expect(readBody(request, 10, refuse)).rejects.toThrow(BodyTooLarge);
  });

  test("in chunks is given up at the limit, however long it would go on", async () => {
    let chunks = 0;
    const endless = new ReadableStream({
      pull(controller) {
        chunks += 1;
        controller.enqueue(new Uint8Array(4));
      },
    });
    await expect(readBody(post(endless), 10, refuse)).rejects.toThrow(BodyTooLarge);
    await new Promise((resolve) => setImmediate(resolve));
    expect(chunks).toBeLessThan(10);
  });

  test("that breaks off is no body", async () => {
    const broken = new ReadableStream({
      start(controller) {
        controller.enqueue(new Uint8Array(4));
        controller.error(new Error("connection reset"));
      },
    });
    await expect(readBody(post(broken), 10, refuse)).rejects.toThrow(OfferInvalid);
  });
});

test("a media type is compared without parameters and case", () => {
  const is = (type: string) => hasMediaType(post("x", { "content-type": type }), "application/sdp");
  expect(is("application/sdp")).toBe(true);
  expect(is(" Application/SDP ;charset=utf-8")).toBe(true);
  expect(is("application/sdpx")).toBe(false);
  expect(is("text/plain, application/sdp")).toBe(false);
});
