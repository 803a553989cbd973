import { describe, expect, test } from "bun:test";
import { NoLegPort } from "../../../src/errors/process.ts";
import { LegPortPool } from "../../../src/source/leg-ports.ts";

const usable = async () => true;

describe("leg ports", () => {
  test("come in blocks of three, each leg its own", async () => {
    const pool = new LegPortPool(5000, 5005);
    expect(await pool.take(usable)).toEqual({ receive: 5000, rtpSource: 5001, rtcpSource: 5002 });
    expect(await pool.take(usable)).toEqual({ receive: 5003, rtpSource: 5004, rtcpSource: 5005 });
  });

  test("a range that is no multiple of three never gives a port beyond its end", async () => {
    const pool = new LegPortPool(5000, 5004);
    await pool.take(usable);
    await expect(pool.take(usable)).rejects.toBeInstanceOf(NoLegPort);
    expect([pool.inUse, pool.available]).toEqual([3, 0]);
  });

  test("an empty pool says which range to widen", async () => {
    const pool = new LegPortPool(5000, 5002);
    await pool.take(usable);
    await expect(pool.take(usable)).rejects.toThrow("5000-5002");
    await expect(pool.take(usable)).rejects.toThrow("CORE_WEBRTC_LEG_PORTS");
  });

  test("a port that was given back rests until the others had their turn", async () => {
    const pool = new LegPortPool(5000, 5008);
    const first = await pool.take(usable);
    pool.release(first);
    const taken = [await pool.take(usable), await pool.take(usable), await pool.take(usable)];
    expect(taken.map(({ receive }) => receive)).toEqual([5003, 5006, 5000]);
  });

  test("ports that cannot be bound are passed over and stay free for later", async () => {
    const pool = new LegPortPool(5000, 5008);
    const busy = 5000;
    const got = await pool.take(async ({ receive }) => receive !== busy);
    expect(got.receive).toBe(5003);
    expect([pool.inUse, pool.available]).toEqual([3, 6]);
    await pool.take(usable);
    expect((await pool.take(usable)).receive).toBe(busy);
  });

  test("nothing stays taken where no block can be bound", async () => {
    const pool = new LegPortPool(5000, 5008);
    let tried = 0;
    const never = async () => {
      tried++;
      return false;
    };
    await expect(pool.take(never)).rejects.toBeInstanceOf(NoLegPort);
    expect(tried).toBe(3);
    expect([pool.inUse, pool.available]).toEqual([0, 9]);
  });

  test("two legs that are opened at the same time never get the same block", async () => {
    const pool = new LegPortPool(5000, 5029);
    const slow = async () => {
      await Promise.resolve();
      return true;
    };
    const taken = await Promise.all(Array.from({ length: 10 }, () => pool.take(slow)));
    expect(new Set(taken.map(({ receive }) => receive)).size).toBe(10);
    expect(pool.available).toBe(0);
  });
});
