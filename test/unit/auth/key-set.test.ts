import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exportJWK, generateKeyPair, type JWK, jwtVerify, SignJWT } from "jose";
import { type KeySet, openKeySet } from "../../../src/auth/key-set.ts";
import { KeysUnavailable } from "../../../src/errors/access.ts";

const folder = mkdtempSync(join(tmpdir(), "dragonfork-keys-"));
afterAll(() => rmSync(folder, { recursive: true }));

async function newKey(kid: string) {
  const { publicKey, privateKey } = await generateKeyPair("EdDSA", { extractable: true });
  const jwk: JWK = { ...(await exportJWK(publicKey)), kid };
  const token = await new SignJWT({}).setProtectedHeader({ alg: "EdDSA", kid }).sign(privateKey);
  return { jwk, token };
}

const [first, second] = [await newKey("1"), await newKey("2")];

function accepts(keys: KeySet, token: string): Promise<boolean> {
  return jwtVerify(token, keys).then(
    () => true,
    (error: unknown) => {
      if (error instanceof KeysUnavailable) throw error;
      return false;
    },
  );
}

let files = 0;
function newFile(text: string): string {
  const path = join(folder, `keys-${files++}.json`);
  writeFileSync(path, text);
  return path;
}

describe("a file", () => {
  test("is read again when it changes, and kept as it was while it is broken", async () => {
    let nowMs = 0;
    const failures: string[] = [];
    const place = newFile(JSON.stringify({ keys: [first.jwk] }));
    const keys = openKeySet({
      place,
      nowMs: () => nowMs,
      onFailure: (reason) => failures.push(reason),
    });
    const write = (text: string, mtime: number) => {
      writeFileSync(place, text);
      utimesSync(place, mtime, mtime);
      nowMs += 5000;
    };
    expect(await accepts(keys, first.token)).toBe(true);
    expect(await accepts(keys, second.token)).toBe(false);
    write(JSON.stringify({ keys: [second.jwk] }), 1000);
    expect(await accepts(keys, second.token)).toBe(true);
    expect(await accepts(keys, first.token)).toBe(false);
    write('{"keys": ', 2000);
    expect(await accepts(keys, second.token)).toBe(true);
    expect(failures).toHaveLength(1);
  });

  test("that is no key set ends the start, and says why", () => {
    const open = (place: string) => openKeySet({ place, nowMs: () => 0, onFailure: () => {} });
    for (const [text, why] of [
      ["", "JSON"],
      ["[]", '"keys"'],
      [JSON.stringify({ keys: Array(101).fill(first.jwk) }), "100 keys"],
      [`{"keys":[],"x":"${"x".repeat(300_000)}"}`, "bytes"],
    ] as const) {
      const place = newFile(text);
      expect(() => open(place)).toThrow(KeysUnavailable);
      expect(() => open(place)).toThrow(why);
      expect(() => open(place)).toThrow(place);
    }
    expect(() => open(join(folder, "none.json"))).toThrow(KeysUnavailable);
  });
});

describe("a URL", () => {
  function serve(answer: () => Response | Promise<Response>) {
    let asked = 0;
    const server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: () => {
        asked++;
        return answer();
      },
    });
    return { server, place: `http://127.0.0.1:${server.port}/keys`, asked: () => asked };
  }

  test("is asked once for many tokens, and not again for keys that nobody knows", async () => {
    const { server, place, asked } = serve(() => Response.json({ keys: [first.jwk] }));
    const keys = openKeySet({ place, nowMs: () => 0, onFailure: () => {} });
    for (let i = 0; i < 20; i++) {
      expect(await accepts(keys, first.token)).toBe(true);
      expect(await accepts(keys, second.token)).toBe(false);
    }
    expect(asked()).toBe(1);
    await server.stop(true);
  });

  test("that does not answer as it should is no key set, and is not asked for each token", async () => {
    const answers = [
      () => new Response("", { status: 500 }),
      () => Response.redirect("http://127.0.0.1:1/", 302),
      () => new Response("<html>"),
      () => new Response("x".repeat(300_000)),
    ];
    for (const answer of answers) {
      const { server, place, asked } = serve(answer);
      const failures: string[] = [];
      const keys = openKeySet({
        place,
        nowMs: () => 0,
        onFailure: (reason) => failures.push(reason),
      });
      for (let i = 0; i < 5; i++) {
        await expect(accepts(keys, first.token)).rejects.toBeInstanceOf(KeysUnavailable);
        await Bun.sleep(5);
      }
      expect({ asked: asked(), failures: failures.length }).toEqual({ asked: 1, failures: 1 });
      await server.stop(true);
    }
  });
});
