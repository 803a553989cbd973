/** From when to when: `-30m`, `-7d`, `now`, or ISO 8601 with its offset from UTC. */
import { FieldInvalid } from "../../errors.ts";
import { members } from "./members.ts";

const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};
const EXPECTED =
  "expected now, a time back such as -30m, -1h or -7d (s, m, h, d, w), or ISO 8601 such as 2026-11-20T21:00:00Z";
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)$/;

/** Unix milliseconds. Throws FieldInvalid: also where there is no `from`, for then there is no bound. */
export function readTimeRange(
  range: unknown,
  nowMs: number,
): { readonly fromMs: number; readonly toMs: number } {
  if (range === undefined) {
    throw new FieldInvalid("time_range", 'expected an object such as {"from": "-1h"}');
  }
  const { from, to } = members(range, "time_range", ["from", "to"]);
  if (from === undefined) throw new FieldInvalid("time_range.from", EXPECTED);
  const fromMs = readTime(from, "time_range.from", nowMs);
  const toMs = to === undefined ? nowMs : readTime(to, "time_range.to", nowMs);
  if (fromMs > toMs) throw new FieldInvalid("time_range.from", "expected a time before `to`");
  return { fromMs, toMs };
}

function readTime(value: unknown, field: string, nowMs: number): number {
  if (typeof value !== "string") throw new FieldInvalid(field, EXPECTED);
  if (value === "now") return nowMs;
  const back = /^-(\d{1,6})([smhdw])$/.exec(value);
  if (back !== null) return nowMs - Number(back[1]) * (UNIT_MS[back[2] ?? ""] ?? 0);
  const atMs = ISO.test(value) ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(atMs)) throw new FieldInvalid(field, EXPECTED);
  return atMs;
}
