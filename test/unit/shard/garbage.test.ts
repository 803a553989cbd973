import { expect, test } from "bun:test";
import type { PeerChange } from "../../../src/peer-events.ts";
import { collectingAfterViewers } from "../../../src/shard/garbage.ts";

function setUp() {
  let collections = 0;
  let beside = 0;
  const heard: string[] = [];
  const sink = collectingAfterViewers(({ type }) => heard.push(type), {
    beside: () => void beside++,
    whole: () => void collections++,
  });
  const tell = (change: PeerChange, times: number) => {
    for (let i = 0; i < times; i++) sink({ ...change, atMs: 0, peerId: "p", streamId: "cam" });
  };
  const open = (times: number) => tell({ type: "opened" }, times);
  const close = (times: number) =>
    tell({ type: "closed", reason: "client_gone", seconds: 1 }, times);
  const connect = (times: number) =>
    tell({ type: "connected", seconds: 0.1, connectionType: "direct" }, times);
  return { open, connect, close, heard, collections: () => collections, beside: () => beside };
}

test("memory is collected when a crowd has left and nobody watches", () => {
  const { open, close, collections } = setUp();
  open(30);
  close(29);
  expect(collections()).toBe(0);
  close(1);
  expect(collections()).toBe(1);
  open(5);
  close(5);
  expect(collections()).toBe(1);
});

test("while others watch it waits for many more", () => {
  const { open, close, collections } = setUp();
  open(1);
  for (let i = 0; i < 499; i++) {
    open(1);
    close(1);
  }
  expect(collections()).toBe(0);
  open(1);
  close(1);
  expect(collections()).toBe(1);
});

test("while a crowd comes its garbage is collected beside the media", () => {
  const { open, connect, beside, collections } = setUp();
  open(100);
  connect(9);
  expect(beside()).toBe(0);
  connect(1);
  expect(beside()).toBe(1);
  connect(90);
  expect([beside(), collections()]).toEqual([10, 0]);
});

test("every event is passed on", () => {
  const { open, close, heard } = setUp();
  open(1);
  close(1);
  expect(heard).toEqual(["opened", "closed"]);
});
