import { expect, test } from "bun:test";
import { LoginBackoff, SOURCES_MAX } from "../../src/api/login-backoff.ts";
import { RateLimited } from "../../src/errors/access.ts";

let nowMs = 0;

function waitOf(backoff: LoginBackoff, address: string): number {
  try {
    backoff.check(address);
    return 0;
  } catch (error) {
    if (error instanceof RateLimited) return error.retryAfterSeconds ?? 0;
    throw error;
  }
}

test("the pause doubles up to a minute", () => {
  const backoff = new LoginBackoff(() => nowMs);
  const waits = Array.from({ length: 13 }, () => {
    backoff.failed("192.0.2.1");
    return waitOf(backoff, "192.0.2.1");
  });
  expect(waits).toEqual([0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]);
});

test("an address that stops guessing starts anew after a quarter of an hour", () => {
  const backoff = new LoginBackoff(() => nowMs);
  for (let i = 0; i < 9; i++) backoff.failed("192.0.2.1");
  nowMs += 15 * 60_000;
  backoff.failed("192.0.2.1");
  expect(waitOf(backoff, "192.0.2.1")).toBe(0);
});

test("an IPv6 host cannot escape within its network", () => {
  const backoff = new LoginBackoff(() => nowMs);
  for (let i = 0; i < 5; i++) backoff.failed(`2001:db8::${i + 1}`);
  expect(waitOf(backoff, "2001:db8::ffff")).toBe(1);
  expect(waitOf(backoff, "2001:db8:0:1::1")).toBe(0);
});

test("the table has a bound and forgets who failed longest ago", () => {
  const backoff = new LoginBackoff(() => nowMs);
  for (let i = 0; i < 5; i++) backoff.failed("192.0.2.1");
  for (let i = 0; i < SOURCES_MAX; i++)
    backoff.failed(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`);
  expect(backoff.size).toBe(SOURCES_MAX);
  expect(waitOf(backoff, "192.0.2.1")).toBe(0);
});
