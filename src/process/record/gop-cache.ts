/** The `gop_cache` of a record's webrtc block: what a viewer that joins is sent at once. */
import { Type } from "@sinclair/typebox";
import type { Fields } from "./fields.ts";

export interface GopCacheBlock {
  /** False: a new viewer waits for the next keyframe. */
  enabled: boolean;
  /** 0 = the server's default, here and below. */
  seconds: number;
  packets: number;
  bytes: number;
}

const secondsRange = { least: 0, most: 60 };
const limit = (unit: string) =>
  Type.Integer({
    minimum: 0,
    default: 0,
    description: `Maximum of ${unit} since the last keyframe; 0 = the server's default.`,
  });

/** For the API documentation. */
export const GopCacheSchema = Type.Object(
  {
    enabled: Type.Boolean({
      default: true,
      description: "Whether a new viewer starts with the last keyframe.",
    }),
    seconds: Type.Number({
      minimum: secondsRange.least,
      maximum: secondsRange.most,
      default: 0,
      description: "Maximum age of that keyframe in seconds; 0 = the server's default.",
    }),
    packets: limit("packets"),
    bytes: limit("bytes"),
  },
  {
    description:
      "A new viewer is sent everything since the last keyframe, if that is within all three limits; otherwise it waits for the next keyframe.",
  },
);

export function defaultGopCache(): GopCacheBlock {
  return { enabled: true, seconds: 0, packets: 0, bytes: 0 };
}

/** Reads it over a base, key by key. */
export function parseGopCache(fields: Fields | undefined, base: GopCacheBlock): GopCacheBlock {
  if (fields === undefined) return base;
  return {
    enabled: fields.flag("enabled", base.enabled),
    seconds: fields.amount("seconds", base.seconds, secondsRange),
    packets: fields.count("packets", base.packets),
    bytes: fields.count("bytes", base.bytes),
  };
}
