import { expect, test } from "bun:test";
import type { LegReport } from "../../../src/peer/feedback.ts";
import { ReportDigest } from "../../../src/peer/report-digest.ts";

const REPORT: LegReport = {
  leg: "video",
  rttSeconds: 0.04,
  jitterSeconds: 0.001,
  lost: 0,
  expected: 100,
  fractionLost: 0,
};

function newDigest() {
  const told: LegReport[] = [];
  return { digest: new ReportDigest((report) => told.push(report)), told };
}

test("the first report is told at once, and the first that gives a round-trip time", () => {
  const { digest, told } = newDigest();
  digest.report({ ...REPORT, rttSeconds: undefined }, 1000);
  digest.report({ ...REPORT, rttSeconds: undefined }, 1200);
  digest.report(REPORT, 1400);
  expect(told.map(({ rttSeconds, expected }) => [rttSeconds, expected])).toEqual([
    [undefined, 100],
    [0.04, 200],
  ]);
});

test("reports without losses are told each five seconds: their sum, the last times", () => {
  const { digest, told } = newDigest();
  for (let nowMs = 0; nowMs <= 10_000; nowMs += 250) {
    digest.report({ ...REPORT, rttSeconds: nowMs / 1e6, jitterSeconds: nowMs / 1e7 }, nowMs);
  }
  expect(told).toEqual([
    { ...REPORT, rttSeconds: 0, jitterSeconds: 0 },
    { ...REPORT, rttSeconds: 0.005, jitterSeconds: 0.0005, expected: 2000 },
    { ...REPORT, rttSeconds: 0.01, jitterSeconds: 0.001, expected: 2000 },
  ]);
});

test("a round-trip time that the last report does not give is that of the one before", () => {
  const { digest, told } = newDigest();
  digest.report(REPORT, 0);
  digest.report({ ...REPORT, rttSeconds: 0.07 }, 1000);
  digest.report({ ...REPORT, rttSeconds: undefined }, 5000);
  expect(told[1]?.rttSeconds).toBe(0.07);
});

test("losses are told at once, apart from the reports before them", () => {
  const { digest, told } = newDigest();
  digest.report(REPORT, 0);
  digest.report(REPORT, 1000);
  digest.report({ ...REPORT, lost: 30, expected: 60 }, 2000);
  expect(told.map(({ lost, expected }) => [lost, expected])).toEqual([
    [0, 100],
    [0, 100],
    [30, 60],
  ]);
});

test("legs are summed up apart", () => {
  const { digest, told } = newDigest();
  digest.report(REPORT, 0);
  digest.report({ ...REPORT, leg: "audio" }, 1);
  digest.report({ ...REPORT, leg: "audio", expected: 7 }, 5001);
  expect(told.map(({ leg, expected }) => [leg, expected])).toEqual([
    ["video", 100],
    ["audio", 100],
    ["audio", 7],
  ]);
});

test("at the end all packets have been told, once", () => {
  const { digest, told } = newDigest();
  for (let nowMs = 0; nowMs < 3000; nowMs += 1000) digest.report(REPORT, nowMs);
  digest.flush();
  digest.flush();
  expect(told.map(({ expected }) => expected)).toEqual([100, 200]);
});
