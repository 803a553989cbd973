/**
 * H.264 profiles as SDP names them (RFC 6184 §8.1): two bytes of profile-level-id say which decoder
 * a stream needs, the third, the level, is left out of every comparison (RFC 6184 §8.2.2).
 */
import { parseHex } from "./session.ts";

export type H264Profile =
  | "Constrained Baseline"
  | "Baseline"
  | "Main"
  | "Constrained High"
  | "High"
  | "other";

/** Bits of the constraint byte, from the most significant on. */
const SET0 = 0x80;
const SET1 = 0x40;
const SET4_AND_5 = 0x0c;

/** The profile of 6 hex digits; without any, what RFC 6184 §8.1 infers: Baseline. */
export function h264Profile(profileLevelId: string | undefined): H264Profile {
  if (profileLevelId === undefined) return "Baseline";
  const bytes = profileLevelId.length === 6 ? parseHex(profileLevelId) : undefined;
  if (bytes === undefined) return "other";
  return profileOf(bytes >> 16, (bytes >> 8) & 0xff);
}

/** RFC 6184 table 5, without its bits that no profile of ours depends on. */
function profileOf(idc: number, constraints: number): H264Profile {
  switch (idc) {
    case 0x42:
      return constraints & SET1 ? "Constrained Baseline" : "Baseline";
    case 0x4d:
      return constraints & SET0 ? "Constrained Baseline" : "Main";
    case 0x64:
      return (constraints & SET4_AND_5) === SET4_AND_5 ? "Constrained High" : "High";
    default:
      return "other";
  }
}

/**
 * Which offered profile suits a source best: its own, then those whose decoders can do more, then
 * Constrained Baseline, because decoders of today play Main and High under any name.
 */
const PREFERENCES: Readonly<Record<H264Profile, readonly H264Profile[]>> = {
  "Constrained Baseline": ["Constrained Baseline", "Baseline", "Main", "Constrained High", "High"],
  Baseline: ["Baseline", "Constrained Baseline", "Main", "High", "Constrained High"],
  Main: ["Main", "High", "Constrained High", "Constrained Baseline", "Baseline"],
  "Constrained High": ["Constrained High", "High", "Constrained Baseline", "Baseline", "Main"],
  High: ["High", "Constrained High", "Constrained Baseline", "Baseline", "Main"],
  other: ["other", "High", "Constrained High", "Constrained Baseline", "Baseline", "Main"],
};

/** 0 is the best match; a profile of no use ranks last, yet is still better than no picture. */
export function h264ProfileRank(source: H264Profile, offered: H264Profile): number {
  const rank = PREFERENCES[source].indexOf(offered);
  return rank < 0 ? PREFERENCES[source].length : rank;
}
