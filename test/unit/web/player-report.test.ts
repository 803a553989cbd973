import { describe, expect, test } from "bun:test";
import { browserModule } from "../../support/browser-module.ts";

interface Numbers {
  readonly freezes: number | undefined;
  readonly freezeSeconds: number | undefined;
}
interface Module {
  readonly reportUrlFromLink: (header: string | null, base: string) => string | undefined;
  readonly PlayerReport: new (
    send: (numbers: unknown) => void,
  ) => {
    firstFrame(milliseconds: number, nowMs: number): void;
    sample(numbers: Numbers, nowMs: number): void;
    end(nowMs: number): void;
  };
}

const { PlayerReport, reportUrlFromLink } = await browserModule<Module>("player-report");

describe("the address for reports", () => {
  const base = "http://host:8080/api/v3/whep/cam";
  test.each([
    [null, undefined],
    ['<stun:a.example>; rel="ice-server"', undefined],
    [
      '<stun:a.example>; rel="ice-server", </api/v3/whep/cam/s/report>; rel="player-report"',
      "http://host:8080/api/v3/whep/cam/s/report",
    ],
  ])("in %p is %p", (header, url) => {
    expect(reportUrlFromLink(header, base)).toBe(url);
  });
});

describe("a session's reports", () => {
  function told() {
    const sent: unknown[] = [];
    return { sent, report: new PlayerReport((numbers: unknown) => sent.push(numbers)) };
  }

  test("begin with the first picture", () => {
    const { report, sent } = told();
    report.sample({ freezes: 0, freezeSeconds: 0 }, 0);
    report.firstFrame(412, 412);
    expect(sent).toEqual([{ first_frame_seconds: 0.412, freezes: 0, freeze_seconds: 0 }]);
  });

  test("tell of pictures that stood still, every ten seconds at most, and at the end", () => {
    const { report, sent } = told();
    report.firstFrame(400, 400);
    report.sample({ freezes: 1, freezeSeconds: 0.5 }, 5000);
    expect(sent).toHaveLength(1);
    report.sample({ freezes: 1, freezeSeconds: 0.5 }, 10_400);
    report.sample({ freezes: 1, freezeSeconds: 0.5 }, 30_000);
    expect(sent).toHaveLength(2);
    report.sample({ freezes: 2, freezeSeconds: 3 }, 31_000);
    report.end(31_500);
    report.end(31_600);
    expect(sent.slice(1)).toEqual([
      { first_frame_seconds: 0.4, freezes: 1, freeze_seconds: 0.5 },
      { first_frame_seconds: 0.4, freezes: 2, freeze_seconds: 3 },
    ]);
  });

  test("do not speak of what the browser does not measure", () => {
    const { report, sent } = told();
    report.firstFrame(400, 400);
    report.sample({ freezes: undefined, freezeSeconds: undefined }, 20_000);
    expect(sent).toEqual([{ first_frame_seconds: 0.4 }]);
  });
});
