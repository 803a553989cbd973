import { describe, expect, test } from "bun:test";
import { OPEN_GRANT, type ViewGrant } from "../../../src/auth/viewer-token.ts";
import { BitrateNotAllowed, TokenInUse } from "../../../src/errors/access.ts";
import { type ViewedStream, type ViewingEnd, Viewings } from "../../../src/whep/viewings.ts";

let watchers = 0;

class Watcher {
  readonly id = `peer-${++watchers}`;
  ended: ViewingEnd | "left" | undefined;
  private listener = () => {};

  close(reason: ViewingEnd): void {
    this.ended = reason;
    this.listener();
  }

  leave(): void {
    this.ended = "left";
    this.listener();
  }

  onClosed(listener: () => void): void {
    this.listener = listener;
  }
}

class World {
  nowMs = 1_000_000;
  /** How far the time of day is ahead of the clock that never jumps. */
  aheadMs = 1_800_000_000_000;
  readonly viewings: Viewings;
  readonly stream: { -readonly [K in keyof ViewedStream]: ViewedStream[K] } = {
    id: "test",
    sessionSecondsMax: undefined,
    bitrate: undefined,
  };

  constructor(sessionSecondsMax = 0) {
    this.viewings = new Viewings({
      nowMs: () => this.nowMs,
      unixMs: () => this.unixMs,
      sessionSecondsMax,
    });
  }

  get unixMs(): number {
    return this.nowMs + this.aheadMs;
  }

  watch(grant: Partial<ViewGrant> = {}): Watcher {
    const viewing = this.viewings.enter(this.stream, { ...OPEN_GRANT, ...grant });
    const watcher = new Watcher();
    this.viewings.started(viewing, watcher);
    return watcher;
  }

  after(seconds: number): void {
    this.nowMs += seconds * 1000;
    this.viewings.sweep();
  }
}

describe("a viewer", () => {
  test("leaves with its token", () => {
    const world = new World();
    const short = world.watch({ untilMs: world.unixMs + 10_000 });
    const long = world.watch({ untilMs: world.unixMs + 20_000 });
    const open = world.watch();
    world.after(9);
    expect(short.ended).toBeUndefined();
    world.after(1);
    expect([short.ended, long.ended, open.ended]).toEqual(["token_expired", undefined, undefined]);
  });

  test("leaves at the greatest age of a session: the stream's own, else the server's", () => {
    const world = new World(100);
    const first = world.watch();
    world.after(99);
    const second = world.watch();
    expect(first.ended).toBeUndefined();
    world.after(1);
    expect([first.ended, second.ended]).toEqual(["session_max_age", undefined]);
    world.stream.sessionSecondsMax = 1;
    world.after(0);
    expect(second.ended).toBe("session_max_age");
  });

  test("does not grow old when the time of day is put right, but its token does", () => {
    const world = new World(100);
    const open = world.watch();
    const named = world.watch({ untilMs: world.unixMs + 20_000 });
    world.aheadMs += 3_600_000;
    world.after(1);
    expect([open.ended, named.ended]).toEqual([undefined, "token_expired"]);
  });

  test("stays for ever where there is no limit", () => {
    const world = new World(0);
    const watcher = world.watch();
    world.after(10_000_000);
    expect(watcher.ended).toBeUndefined();
  });

  test("is not let in, and is sent away, where the stream has more than its token allows", () => {
    const world = new World();
    const watcher = world.watch({ bitrateMax: 1_000_000 });
    const free = world.watch();
    world.stream.bitrate = 1_050_000;
    world.after(1);
    expect(watcher.ended).toBeUndefined();
    world.stream.bitrate = 1_200_000;
    world.after(1);
    expect([watcher.ended, free.ended]).toEqual(["bitrate_exceeded", undefined]);
    expect(() => world.watch({ bitrateMax: 1_000_000 })).toThrow(BitrateNotAllowed);
  });
});

describe("a token of ours", () => {
  const minted = { id: "a", viewersMax: 2 };

  test("has places, which offers that are being answered take too, and which leaving gives back", () => {
    const world = new World();
    const first = world.watch({ minted });
    const pending = world.viewings.enter(world.stream, { ...OPEN_GRANT, minted });
    expect(() => world.watch({ minted })).toThrow(TokenInUse);
    world.viewings.leave(pending);
    world.watch({ minted });
    expect(world.viewings.count("a")).toBe(2);
    expect(() => world.watch({ minted })).toThrow(TokenInUse);
    first.leave();
    expect(world.viewings.count("a")).toBe(1);
    world.watch({ minted });
    world.watch({ minted: { id: "b", viewersMax: 1 } });
  });

  test("is found by its viewer, as long as that watches", () => {
    const world = new World();
    const watcher = world.watch({ minted, subject: "alice" });
    expect(world.viewings.grantOf(watcher.id)).toMatchObject({ minted, subject: "alice" });
    watcher.leave();
    expect(world.viewings.grantOf(watcher.id)).toBeUndefined();
  });

  test("that is revoked ends those who watch with it, and nobody else", () => {
    const world = new World();
    const watchers = [world.watch({ minted }), world.watch({ minted }), world.watch()];
    world.viewings.revoke("a");
    expect(watchers.map(({ ended }) => ended)).toEqual([
      "token_revoked",
      "token_revoked",
      undefined,
    ]);
    expect(world.viewings.count("a")).toBe(0);
  });
});

test("the clock runs only while somebody watches", async () => {
  const world = new World();
  const watcher = world.watch({ untilMs: world.unixMs });
  await Bun.sleep(1100);
  expect(watcher.ended).toBe("token_expired");
});
