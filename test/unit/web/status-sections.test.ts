/** What the status page says of the last hour and of the last viewers. */
import { describe, expect, test } from "bun:test";
import { browserModule } from "../../support/browser-module.ts";

interface Session {
  readonly state: string;
  readonly reason: string | null;
  readonly connected: boolean;
}

const { linePath, barPath, roundTop } = await browserModule<{
  linePath: (values: readonly (number | null)[], top: number) => string;
  barPath: (values: readonly number[], top: number) => string;
  roundTop: (values: readonly (number | null)[], least: number) => number;
}>("plot");
const { bitrateText } = await browserModule<{ bitrateText: (kbit: number) => string }>("last-hour");
const words = await browserModule<{
  outcomeText: (session: Session) => string;
  outcomeLevel: (session: Session) => string;
  outcomeBadge: (session: Session) => string;
  factsOf: (session: object) => [string, string][];
  stepText: (step: object) => string;
  sinceText: (ms: number) => string;
}>("session-words");

describe("a plot", () => {
  test("has its newest sample at the right edge", () => {
    expect(linePath([0, 5, 10], 10)).toBe("M357 48L358 24L359 0");
    expect(linePath(new Array(360).fill(1), 1)).toStartWith("M0 0L1 0");
  });

  test("has a gap where nothing is known", () => {
    expect(linePath([1, null, 1, 1], 1)).toBe("M356 0M358 0L359 0");
    expect(linePath([null, null], 1)).toBe("");
  });

  test("draws a bar for each sample that is not 0", () => {
    expect(barPath([0, 2, 0, 1], 2)).toBe("M357 48V0M359 48V24");
  });

  test("ends at a round value", () => {
    expect(roundTop([0, 3], 5)).toBe(5);
    expect([7, 11, 30, 64, 1000, 1001].map((max) => roundTop([max, null], 1))).toEqual([
      ...[10, 20, 50, 100, 1000, 2000],
    ]);
  });
});

test("a bitrate has the unit that suits it", () => {
  expect([0, 999.6, 1200, 9949, 12_345].map(bitrateText)).toEqual([
    ...["0 kbit/s", "1000 kbit/s", "1.2 Mbit/s", "9.9 Mbit/s", "12 Mbit/s"],
  ]);
});

describe("what became of a viewer", () => {
  const session = (state: string, reason: string | null, connected = false) => ({
    state,
    reason,
    connected,
  });

  test.each([
    [session("connecting", null), "Connecting", "quiet", "Connecting."],
    [session("connected", null, true), "Watching", "good", "Directly."],
    [session("ended", "client_gone", true), "Ended", "quiet", "The viewer left."],
    [session("ended", "consent_lost", true), "Ended", "bad", "The viewer vanished: it lost"],
    [session("ended", "no_stun_received"), "Failed", "bad", "No packet from the viewer arrived."],
    [session("refused", "codec_mismatch"), "Refused", "bad", "Refused: no common codec."],
    [session("refused", "some_new_word"), "Refused", "bad", "Refused: some new word."],
    [session("ended", "some_new_word", true), "Ended", "quiet", "Ended: some new word."],
  ])("%j", (one, badge, level, text) => {
    expect(words.outcomeBadge(one)).toBe(badge);
    expect(words.outcomeLevel(one)).toBe(level);
    expect(words.outcomeText(one)).toStartWith(text);
  });

  test("has only the figures that are known", () => {
    const full = {
      ...{ id: "p1", connected: true, candidate_type: "relay", connection_type: "relay" },
      ...{ join_ms: 26, rtt_ms: 40.2, packets_lost: 3, request_id: "r1", trace_id: null },
      started: "2026-11-20T21:00:00.000Z",
      ended: "2026-11-20T21:01:30.000Z",
    };
    expect(words.factsOf(full)).toEqual([
      ["Path", "relay, through a relay"],
      ["First keyframe after", "26 ms"],
      ["Lasted", "90 s"],
      ["Round trip", "40.2 ms"],
      ["Packets lost", "3"],
      ["Session", "p1"],
      ["Request", "r1"],
    ]);
    const refused = {
      ...{ id: "r9", connected: false, candidate_type: null, connection_type: null, join_ms: null },
      ...{ rtt_ms: null, packets_lost: 0, request_id: "r9", trace_id: null, ended: null },
    };
    expect(words.factsOf(refused)).toEqual([["Session", "r9"]]);
  });

  test("is told in steps with their details", () => {
    expect(words.stepText({ event: "first_stun", detail: {} })).toBe("first stun");
    const detail = { candidateType: "srflx", remote: "192.0.2.7:5" };
    expect(words.stepText({ event: "path_selected", detail })).toBe(
      "path selected (candidateType srflx, remote 192.0.2.7:5)",
    );
    expect([0, 412, 15_010].map(words.sinceText)).toEqual(["0 ms", "412 ms", "15.0 s"]);
  });
});
