import { describe, expect, test } from "bun:test";
import { FlightSender } from "../../../../src/transport/dtls/flight-sender.ts";
import { readRecords } from "../../../../src/transport/dtls/record.ts";
import { record } from "../../../support/dtls-client.ts";

function openSender() {
  const sent: Buffer[] = [];
  const timers: { ms: number; run: () => void; stopped: boolean }[] = [];
  const sender = new FlightSender(
    (datagram) => sent.push(datagram),
    (ms, run) => {
      const timer = { ms, run, stopped: false };
      timers.push(timer);
      return () => {
        timer.stopped = true;
      };
    },
  );
  return { sender, sent, timers };
}

const plain = (length: number): Buffer =>
  record({ contentType: 22, epoch: 0, sequenceNumber: 9, body: Buffer.alloc(length) });
const sealed = (sequenceNumber: number): Buffer =>
  record({ contentType: 22, epoch: 1, sequenceNumber, body: Buffer.alloc(40) });
const numbersOf = (datagrams: Buffer[]): number[] =>
  datagrams.flatMap(readRecords).map((one) => one.sequenceNumber);

describe("FlightSender", () => {
  test("sends what was written in one turn together, split at 1200 bytes", async () => {
    const { sender, sent } = openSender();
    for (const length of [500, 500, 500]) sender.write(plain(length));
    expect(sent).toEqual([]);
    await Promise.resolve();
    expect(sent.map((datagram) => datagram.length)).toEqual([2 * 513, 513]);
    expect(numbersOf(sent)).toEqual([0, 1, 2]);
  });

  test("gives plain records a new number each time and leaves sealed ones alone", () => {
    const { sender, sent } = openSender();
    sender.write(plain(10));
    sender.write(sealed(8));
    sender.flush();
    sender.repeat();
    expect(numbersOf(sent)).toEqual([0, 8, 1, 8]);
    expect(sender.protectedSequence).toBe(9);
  });

  test("numbers go on from the hello's", () => {
    const { sender, sent } = openSender();
    sender.followHello(5);
    sender.write(plain(10));
    sender.flush();
    sender.followHello(2);
    sender.write(plain(10));
    sender.flush();
    expect(numbersOf(sent)).toEqual([5, 6]);
  });

  test("repeats on request at most 16 times", () => {
    const { sender, sent } = openSender();
    sender.write(plain(10));
    sender.flush();
    for (let i = 0; i < 50; i += 1) sender.repeat();
    expect(sent.length).toBe(17);
  });

  test("stops its timer when told to and when closed", () => {
    const { sender, sent, timers } = openSender();
    sender.write(plain(10));
    sender.flush();
    sender.startRepeating(() => undefined);
    timers[0]?.run();
    expect(sent.length).toBe(2);
    sender.stopRepeating();
    sender.startRepeating(() => undefined);
    sender.close();
    expect(timers.map((timer) => timer.stopped)).toEqual([false, true, true]);
  });
});
