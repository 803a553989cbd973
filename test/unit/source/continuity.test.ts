import { describe, expect, test } from "bun:test";
import { LegContinuity } from "../../../src/source/leg/continuity.ts";
import { Timeline } from "../../../src/source/timeline.ts";
import type { RtpView } from "../../../src/wire/rtp/header.ts";

const packet = (ssrc: number, sequence: number, timestamp: number): RtpView => ({
  marker: false,
  payloadType: 96,
  sequence: sequence & 0xffff,
  timestamp: timestamp >>> 0,
  ssrc,
  payloadOffset: 12,
  payloadLength: 100,
});
const report = (ssrc: number, unixSeconds: number, rtpTimestamp: number) => ({
  ssrc,
  unixSeconds,
  rtpTimestamp: rtpTimestamp >>> 0,
  packets: 0,
  octets: 0,
});

function legs() {
  const timeline = new Timeline();
  return {
    timeline,
    video: new LegContinuity({ clockRate: 90_000, timeline, firstSequence: 100, ordered: true }),
    audio: new LegContinuity({
      clockRate: 48_000,
      timeline,
      firstSequence: 65_535,
      ordered: false,
    }),
  };
}

/** Seconds of an outgoing timestamp relative to a moment, in [-half range, half range). */
const secondsAfter = (timestamp: number | undefined, unixSeconds: number, clockRate: number) =>
  (((timestamp ?? 0) - (Math.round(unixSeconds * clockRate) % 2 ** 32)) | 0) / clockRate;

describe("continuity of a leg", () => {
  test("the first packet gets the first sequence number and the time it arrived", () => {
    const { video } = legs();
    video.startGeneration(7);
    const header = video.next(packet(7, 5000, 123), 1_790_000_000);
    expect(header?.sequence).toBe(100);
    expect(secondsAfter(header?.timestamp, 1_790_000_000, 90_000)).toBe(0);
  });

  test("order and losses inside a run stay as they are, over the wraps", () => {
    const { audio } = legs();
    audio.startGeneration(7);
    const out = [65_534, 65_535, 0, 2].map((sequence) => {
      const timestamp = 2 ** 32 - 960 + ((sequence + 2) & 0xffff) * 960;
      const header = audio.next(packet(7, sequence, timestamp), 1_790_000_000);
      return [header?.sequence, header?.timestamp];
    });
    expect(out.map(([sequence]) => sequence)).toEqual([65_535, 0, 1, 3]);
    expect(((out[3]?.[1] ?? 0) - (out[0]?.[1] ?? 0)) >>> 0).toBe(4 * 960);
  });

  test("frames behind one of a later time are left out without a gap, a new beginning is not", () => {
    const { video, audio } = legs();
    video.startGeneration(7);
    const frame = 3000;
    // In the order of decoding, as FFmpeg sends them: I P B B P B B.
    const times = [0, 3, 1, 2, 6, 4, 5].map((at) => at * frame);
    const out = times.map(
      (time, at) => video.next(packet(7, at, 2 ** 32 - 6000 + time), 1)?.sequence,
    );
    expect(out).toEqual([100, 101, undefined, undefined, 102, undefined, undefined]);
    expect(video.framesBehind).toBe(4);
    expect(video.next(packet(7, 7, 2 ** 32 - 6000 - 600 * frame), 1)?.sequence).toBe(103);
    expect(video.framesBehind).toBe(4);
    audio.startGeneration(7);
    expect([960, 0].map((time, at) => audio.next(packet(7, at, time), 1)?.sequence)).toEqual([
      65_535, 0,
    ]);
  });

  test("single frames behind are left out, and forgotten after a while in order", () => {
    const { video } = legs();
    video.startGeneration(7);
    let sequence = 0;
    let time = 0;
    const next = (step: number) => {
      time += step * 3000;
      return video.next(packet(7, sequence++, time), 1);
    };
    for (let hour = 0; hour < 5; hour++) {
      for (let frame = 0; frame < 100; frame++) expect(next(1)).toBeDefined();
      expect(video.framesBehind).toBe(0);
      expect(next(-1)).toBeUndefined();
      expect(video.framesBehind).toBe(1);
      time += 3000;
    }
  });

  test("a packet that is cut takes as many numbers as it has parts; what follows moves up", () => {
    const { video } = legs();
    video.startGeneration(7);
    const next = (sequence: number) => video.next(packet(7, sequence, 0), 1_790_000_000)?.sequence;
    expect([next(10), video.another().sequence, video.another().sequence]).toEqual([100, 101, 102]);
    expect([next(11), next(13)]).toEqual([103, 105]);
  });

  test("a duplicate and a late packet are refused: their numbers are taken", () => {
    const { video } = legs();
    video.startGeneration(7);
    const next = (sequence: number) => video.next(packet(7, sequence, 0), 1_790_000_000)?.sequence;
    expect([65_535, 0, 0, 65_535, 1].map(next)).toEqual([100, 101, undefined, undefined, 102]);
  });

  test("sender reports put audio and video on one clock, whatever their timestamps start with", () => {
    const { video, audio } = legs();
    video.startGeneration(1);
    audio.startGeneration(2);
    video.senderReport(report(1, 1000, 50_000));
    audio.senderReport(report(2, 1000, 4_294_967_000));
    const now = 1_790_000_000;
    // The video packet is 0.5 s into the run, the audio packet 0.25 s.
    const v = video.next(packet(1, 1, 50_000 + 45_000), now);
    const a = audio.next(packet(2, 1, 4_294_967_000 + 12_000), now + 0.01);
    const gap = secondsAfter(v?.timestamp, now, 90_000) - secondsAfter(a?.timestamp, now, 48_000);
    expect(gap).toBeCloseTo(0.25, 4);
  });

  test("a new run goes on one sequence number later and never back in time", () => {
    const { timeline, video } = legs();
    const now = 1_790_000_000;
    video.startGeneration(1);
    video.senderReport(report(1, 1000, 0));
    video.next(packet(1, 1, 0), now);
    // The source ran 2 s ahead of the clock.
    const last = { ...video.next(packet(1, 2, 180_000), now + 0.1) };
    timeline.startGeneration();
    video.startGeneration(9);
    video.senderReport(report(9, 5000, 777));
    const first = video.next(packet(9, 40_000, 777), now + 0.3);
    expect(first?.sequence).toBe(102);
    expect(((first?.timestamp ?? 0) - (last.timestamp ?? 0)) | 0).toBeGreaterThan(0);
  });

  test("a restart takes as long on the timeline as it did on the clock", () => {
    const { timeline, video } = legs();
    const now = 1_790_000_000;
    video.startGeneration(1);
    const before = { ...video.next(packet(1, 1, 0), now) };
    timeline.startGeneration();
    video.startGeneration(2);
    const after = video.next(packet(2, 1, 99), now + 3);
    expect(((after?.timestamp ?? 0) - (before.timestamp ?? 0)) >>> 0).toBe(270_000);
  });

  test("packets of another SSRC are refused, also those the last run left behind", () => {
    const { video } = legs();
    video.startGeneration(1);
    expect(video.next(packet(3, 1, 0), 1)).toBeUndefined();
    video.startGeneration(2);
    expect(video.next(packet(1, 2, 0), 1)).toBeUndefined();
    expect(video.next(packet(2, 9, 0), 1)).toBeDefined();
  });
});
