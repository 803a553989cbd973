import { describe, expect, test } from "bun:test";
import {
  createLocalJWKSet,
  exportJWK,
  exportSPKI,
  generateKeyPair,
  type JWTPayload,
  SignJWT,
  UnsecuredJWT,
} from "jose";
import type { MintedToken, Verdict } from "../../../src/auth/viewer-token.ts";
import {
  MemoryTokenStore,
  SHARED_SECRET,
  signShared,
  testViewerTokens,
} from "../../api/support/viewer-tokens.ts";

const UNIX_SECONDS = 1_800_000_000;
let unixMs = UNIX_SECONDS * 1000;
const clock = () => unixMs;
const claims = { sub: "alice", stream: "cam", exp: UNIX_SECONDS + 60 };

function outcome(verdict: Verdict): string {
  if ("grant" in verdict) return "in";
  const forged = verdict.why === "signature" || verdict.why === "algorithm";
  return `${forged ? "forged" : "refused"}: ${verdict.refusal}`;
}

const rsa = await generateKeyPair("RS256", { extractable: true });
const ed = await generateKeyPair("EdDSA", { extractable: true });
const keySet = createLocalJWKSet({
  keys: [
    { ...(await exportJWK(rsa.publicKey)), kid: "rsa" },
    { ...(await exportJWK(ed.publicKey)), kid: "ed" },
  ],
});

function signed(
  alg: "RS256" | "EdDSA",
  more: JWTPayload = {},
  kid = alg === "RS256" ? "rsa" : "ed",
) {
  const jwt = new SignJWT({ ...claims, ...more }).setProtectedHeader({ alg, kid });
  return jwt.sign(alg === "RS256" ? rsa.privateKey : ed.privateKey);
}

describe("a viewer token", () => {
  test("of a shared secret lets in until it expires, with the bitrate it allows", async () => {
    const verdict = await testViewerTokens(clock).verify(
      await signShared({ ...claims, max_bitrate: 2_000_000 }),
      "cam",
    );
    expect(verdict).toEqual({
      grant: {
        subject: "alice",
        // Five seconds for the difference of two clocks.
        untilMs: (UNIX_SECONDS + 65) * 1000,
        bitrateMax: 2_000_000,
        minted: undefined,
      },
    });
  });

  test("of each algorithm is taken with the right key", async () => {
    const tokens = testViewerTokens(clock, { keySet });
    for (const token of [await signed("RS256"), await signed("EdDSA"), await signShared(claims)]) {
      expect(outcome(await tokens.verify(token, "cam"))).toBe("in");
    }
  });

  test("is refused for another stream, after its time, and without its claims", async () => {
    const tokens = testViewerTokens(clock);
    const verdictOf = async (more: JWTPayload) =>
      outcome(await tokens.verify(await signShared({ ...claims, ...more }), "cam"));
    expect(await verdictOf({ stream: "other" })).toContain("another stream");
    expect(await verdictOf({ exp: UNIX_SECONDS - 6 })).toContain("expired");
    expect(await verdictOf({ nbf: UNIX_SECONDS + 30 })).toContain("claims");
    for (const wrong of [
      { sub: undefined },
      { sub: "" },
      { sub: "x".repeat(257) },
      { exp: undefined },
      { stream: undefined },
      { stream: ["cam"] },
      { max_bitrate: 0 },
      { max_bitrate: "many" },
    ] as JWTPayload[]) {
      expect(await verdictOf(wrong)).toBe(
        "refused: The viewer token needs the claims sub, exp and stream, and they must be right.",
      );
    }
  });

  test("of others must name the audience where one is configured", async () => {
    const tokens = testViewerTokens(clock, { audience: "https://video.example" });
    const right = await signShared({ ...claims, aud: ["else", "https://video.example"] });
    expect(outcome(await tokens.verify(right, "cam"))).toBe("in");
    for (const aud of [undefined, "else"] as const) {
      const token = await signShared({ ...claims, ...(aud && { aud }) });
      expect(outcome(await tokens.verify(token, "cam"))).toStartWith("refused");
    }
  });

  test("with a wrong signature is told from one that is only too old", async () => {
    const tokens = testViewerTokens(clock, { keySet });
    const other = await signShared(claims, "another secret of thirty-two characters");
    expect(outcome(await tokens.verify(other, "cam"))).toStartWith("forged");
    const [head, , signature] = (await signed("EdDSA")).split(".");
    const body = Buffer.from(JSON.stringify({ ...claims, stream: "cam", sub: "mallory" }));
    const changed = `${head}.${body.toString("base64url")}.${signature}`;
    expect(outcome(await tokens.verify(changed, "cam"))).toStartWith("forged");
  });

  test("cannot choose which key it is checked with", async () => {
    const tokens = testViewerTokens(clock, { keySet, sharedSecret: "" });
    // The classic: the public key as the secret of an HMAC.
    const publicKey = new TextEncoder().encode(await exportSPKI(rsa.publicKey));
    const hmac = (kid: string) =>
      new SignJWT(claims).setProtectedHeader({ alg: "HS256", kid }).sign(publicKey);
    const none = new UnsecuredJWT(claims).encode();
    const hs512 = new SignJWT(claims)
      .setProtectedHeader({ alg: "HS512" })
      .sign(new TextEncoder().encode(SHARED_SECRET));
    for (const token of [await hmac("rsa"), await hmac("dragonfork"), none, await hs512]) {
      expect(outcome(await tokens.verify(token, "cam"))).toStartWith("forged");
    }
    const embedded = new SignJWT(claims)
      .setProtectedHeader({ alg: "EdDSA", jwk: await exportJWK(ed.publicKey), kid: "mine" })
      .sign(ed.privateKey);
    expect(outcome(await tokens.verify(await embedded, "cam"))).toStartWith("refused: No key");
    expect(outcome(await tokens.verify(await signed("RS256", {}, "ed"), "cam"))).not.toBe("in");
  });

  test("of no sense is refused, whatever it is", async () => {
    const tokens = testViewerTokens(clock, { keySet });
    for (const token of ["", "a", "a.b.c", "..", `${"x".repeat(5000)}.y.z`, "eyJ9.e30.AA"]) {
      expect(outcome(await tokens.verify(token, "cam"))).toStartWith("refused");
    }
  });
});

describe("a token of ours", () => {
  const token: MintedToken = {
    id: "t1",
    streamId: "cam",
    label: "lobby",
    createdAt: UNIX_SECONDS,
    expiresAt: UNIX_SECONDS + 3600,
    viewersMax: 3,
    bitrateMax: undefined,
  };
  const store = new MemoryTokenStore();
  store.insert(token);
  const tokens = testViewerTokens(clock, { store, audience: "others" });

  test("lets as many in as its record says, and needs the record", async () => {
    const text = await tokens.sign(token);
    expect(await tokens.verify(text, "cam")).toMatchObject({
      grant: { untilMs: (UNIX_SECONDS + 3600) * 1000, minted: { id: "t1", viewersMax: 3 } },
    });
    store.remove("t1");
    expect(outcome(await tokens.verify(text, "cam"))).toBe(
      "refused: The viewer token was revoked.",
    );
    store.insert(token);
  });

  test("cannot be made by who only has the shared secret", async () => {
    const text = await new SignJWT({ ...claims, jti: "t1" })
      .setProtectedHeader({ alg: "HS256", kid: "dragonfork" })
      .sign(new TextEncoder().encode(SHARED_SECRET));
    expect(outcome(await tokens.verify(text, "cam"))).toStartWith("forged");
  });

  test("ends with its time", async () => {
    const text = await tokens.sign(token);
    unixMs += 3_600_000;
    expect(outcome(await tokens.verify(text, "cam"))).toContain("expired");
    unixMs -= 3_600_000;
  });
});
