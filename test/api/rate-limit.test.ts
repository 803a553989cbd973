import { describe, expect, test } from "bun:test";
import { BUCKETS_MAX, networkOf, RateLimit } from "../../src/api/rate-limit.ts";
import { RateLimited } from "../../src/errors/access.ts";

function setUp(perSecond: number, burst: number) {
  let nowMs = 0;
  const limit = new RateLimit({ perSecond, burst, nowMs: () => nowMs });
  const taken = (address: string, times: number) => {
    let count = 0;
    for (let at = 0; at < times; at += 1) {
      try {
        limit.take(address);
        count += 1;
      } catch (error) {
        expect(error).toBeInstanceOf(RateLimited);
      }
    }
    return count;
  };
  return {
    limit,
    taken,
    pass: (ms: number) => {
      nowMs += ms;
    },
  };
}

describe("a client", () => {
  test("has its burst, then what comes back per second", () => {
    const { taken, pass } = setUp(5, 20);
    expect(taken("192.0.2.1", 100)).toBe(20);
    pass(1000);
    expect(taken("192.0.2.1", 100)).toBe(5);
    pass(3_600_000);
    expect(taken("192.0.2.1", 100)).toBe(20);
  });

  test("that keeps asking is not kept out for longer", () => {
    const { taken, pass } = setUp(1, 1);
    expect(taken("192.0.2.1", 1)).toBe(1);
    let let_in = 0;
    for (let at = 0; at < 10; at += 1) {
      pass(500);
      let_in += taken("192.0.2.1", 1);
    }
    expect(let_in).toBe(5);
  });

  test("is told when the next request may come", () => {
    const { limit, taken } = setUp(0.5, 1);
    taken("192.0.2.1", 1);
    expect(() => limit.take("192.0.2.1")).toThrow(
      expect.objectContaining({ retryAfterSeconds: 2 }),
    );
  });

  test("does not take from others", () => {
    const { taken } = setUp(1, 3);
    expect(taken("192.0.2.1", 10)).toBe(3);
    expect(taken("192.0.2.2", 10)).toBe(3);
  });

  test("of IPv6 is its whole /64", () => {
    const { taken } = setUp(1, 3);
    expect(taken("2001:db8::1", 10)).toBe(3);
    expect(taken("2001:db8::ffff:1", 10)).toBe(0);
    expect(taken("2001:db8:0:1::1", 10)).toBe(3);
  });
});

test("a rate of 0 is no limit", () => {
  const { limit, taken } = setUp(0, 0);
  expect(taken("192.0.2.1", 1000)).toBe(1000);
  expect(limit.size).toBe(0);
});

test("the table is bounded and forgets who was seen longest ago", () => {
  const { limit, taken } = setUp(0.001, 1);
  taken("first", 1);
  taken("second", 1);
  for (let at = 0; at < BUCKETS_MAX - 2; at += 1) taken(`other-${at}`, 1);
  expect(taken("first", 1)).toBe(0);
  taken("one too many", 1);
  expect(limit.size).toBe(BUCKETS_MAX);
  expect(taken("second", 1)).toBe(1);
  expect(taken("first", 1)).toBe(0);
});

test.each([
  ["192.0.2.1", "192.0.2.1"],
  ["::ffff:192.0.2.1", "192.0.2.1"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["2001:DB8::1", "2001:db8:0:0::/64"],
  ["::1", "0:0:0:0::/64"],
  ["fe80::1%eth0", "fe80:0:0:0::/64"],
  ["1:2:3:4:5:6::", "1:2:3:4::/64"],
  ["", ""],
])("the network of %p is %p", (address, network) => {
  expect(networkOf(address)).toBe(network);
});
