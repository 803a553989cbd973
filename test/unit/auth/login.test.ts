import { describe, expect, test } from "bun:test";
import { generateKeyPair, SignJWT, UnsecuredJWT } from "jose";
import { Login } from "../../../src/auth/login.ts";

let unixMs = 1_800_000_000_000;

function login(secret = "secret") {
  return new Login({
    username: "admin",
    password: "test",
    secret,
    unixMs: () => unixMs,
    randomBytes: (size) => Buffer.alloc(size, 1),
  });
}

const key = new TextEncoder().encode("admintestsecret");
const claims = { usefor: "access", exi: 600 };

function forged(): SignJWT {
  const now = unixMs / 1000;
  return new SignJWT(claims).setIssuedAt(now).setExpirationTime(now + 600);
}

describe("a token", () => {
  test("is good for its use only", async () => {
    const access = await login().issue("access");
    expect(await login().accepts(access, "access")).toBe(true);
    expect(await login().accepts(access, "refresh")).toBe(false);
  });

  test("ends after ten minutes, a refresh token after a day", async () => {
    const access = await login().issue("access");
    const refresh = await login().issue("refresh");
    unixMs += 599_000;
    expect(await login().accepts(access, "access")).toBe(true);
    unixMs += 1000;
    expect(await login().accepts(access, "access")).toBe(false);
    unixMs += 85_799_000;
    expect(await login().accepts(refresh, "refresh")).toBe(true);
    unixMs += 1000;
    expect(await login().accepts(refresh, "refresh")).toBe(false);
  });

  test("is void under another secret, and one of a Core with the same secret is good", async () => {
    expect(await login("other").accepts(await login().issue("access"), "access")).toBe(false);
    const ofCore = forged().setIssuer("datarhei-core").setSubject("admin");
    const token = await ofCore.setProtectedHeader({ alg: "HS256", typ: "JWT" }).sign(key);
    expect(await login().accepts(token, "access")).toBe(true);
  });

  test("of another issuer, for somebody else or without an end is refused", async () => {
    const sign = (jwt: SignJWT) => jwt.setProtectedHeader({ alg: "HS256" }).sign(key);
    const tokens = [
      await sign(forged().setIssuer("else").setSubject("admin")),
      await sign(forged().setIssuer("datarhei-core").setSubject("else")),
      await sign(new SignJWT(claims).setIssuer("datarhei-core").setSubject("admin")),
    ];
    for (const token of tokens) expect(await login().accepts(token, "access")).toBe(false);
  });

  test("of another algorithm is refused", async () => {
    const whole = () => forged().setIssuer("datarhei-core").setSubject("admin");
    const { privateKey } = await generateKeyPair("EdDSA");
    const tokens = [
      await whole().setProtectedHeader({ alg: "HS512" }).sign(key),
      await whole().setProtectedHeader({ alg: "EdDSA" }).sign(privateKey),
      new UnsecuredJWT(claims).setIssuer("datarhei-core").setSubject("admin").encode(),
      "",
      "a.b.c",
    ];
    for (const token of tokens) expect(await login().accepts(token, "access")).toBe(false);
  });
});

test("name and password must both be right", () => {
  expect(login().matches("admin", "test")).toBe(true);
  for (const [name, password] of [
    ["admin", "Test"],
    ["Admin", "test"],
    ["admint", "est"],
    ["", ""],
  ] as const) {
    expect(login().matches(name, password)).toBe(false);
  }
});
