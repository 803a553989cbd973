/** The `webrtc` block of a record: which legs the stream has and how each is coded. */
import { Type } from "@sinclair/typebox";
import { TOKEN_POLICIES, type TokenPolicy } from "../../auth/viewer-token.ts";
import type { Fields } from "./fields.ts";
import { defaultGopCache, type GopCacheBlock, GopCacheSchema, parseGopCache } from "./gop-cache.ts";

export type LegMode = "auto" | "copy" | "transcode" | "off";

export interface VideoPolicy {
  mode: LegMode;
  /** What to transcode to; also what a forced copy is taken for. */
  codec: "h264" | "vp8";
  bitrate_kbit: number;
  gop_seconds: number;
}

export interface AudioPolicy {
  mode: LegMode;
  codec: "opus";
  bitrate_kbit: number;
}

export interface WebrtcBlock {
  enabled: boolean;
  video: VideoPolicy;
  audio: AudioPolicy;
  /** 0 = the server's default. */
  max_peers: number;
  gop_cache: GopCacheBlock;
  token: TokenPolicy;
  /** 0 = the server's default. */
  session_max_age_seconds: number;
}

const legModes: readonly LegMode[] = ["auto", "copy", "transcode", "off"];
const videoBitrate = { least: 50, most: 100_000 };
/** Opus' own range, RFC 6716 section 2.1.1. */
const audioBitrate = { least: 6, most: 510 };
const gopSeconds = { least: 0.2, most: 60 };

const modeSchema = Type.Union(
  legModes.map((mode) => Type.Literal(mode)),
  {
    default: "auto",
    description:
      "auto: copy what browsers can decode, else transcode. copy: also profiles and pixel formats that only some browsers decode; what no browser plays (another codec, B-frames) is still transcoded. transcode: always. off: no such leg.",
  },
);

/** For the API documentation. */
export const WebrtcBlockSchema = Type.Object(
  {
    enabled: Type.Boolean({ default: false, description: "Publish this process over WHEP." }),
    video: Type.Object({
      mode: modeSchema,
      codec: Type.Union([Type.Literal("h264"), Type.Literal("vp8")], { default: "h264" }),
      bitrate_kbit: Type.Number({
        minimum: videoBitrate.least,
        maximum: videoBitrate.most,
        default: 2500,
      }),
      gop_seconds: Type.Number({
        minimum: gopSeconds.least,
        maximum: gopSeconds.most,
        default: 2,
        description: "Seconds from keyframe to keyframe when transcoding.",
      }),
    }),
    audio: Type.Object({
      mode: modeSchema,
      codec: Type.Literal("opus", { default: "opus" }),
      bitrate_kbit: Type.Number({
        minimum: audioBitrate.least,
        maximum: audioBitrate.most,
        default: 64,
      }),
    }),
    max_peers: Type.Integer({
      minimum: 0,
      default: 0,
      description: "Maximum number of viewers of this stream; 0 = the server's default.",
    }),
    gop_cache: GopCacheSchema,
    token: Type.Union(
      TOKEN_POLICIES.map((policy) => Type.Literal(policy)),
      {
        default: "server",
        description:
          "Who may watch. server: as CORE_WEBRTC_WHEP_TOKEN says. public: everybody. bearer: whoever has that token, or a signed viewer token. signed: only whoever has a signed viewer token for this stream. A change applies to new viewers.",
      },
    ),
    session_max_age_seconds: Type.Integer({
      minimum: 0,
      default: 0,
      description:
        "How long a viewer may stay before it has to join again; 0 = the server's default.",
    }),
  },
  { description: "Not part of datarhei Core's process." },
);

/** A block with every default. */
export function defaultWebrtcBlock(): WebrtcBlock {
  return {
    enabled: false,
    video: { mode: "auto", codec: "h264", bitrate_kbit: 2500, gop_seconds: 2 },
    audio: { mode: "auto", codec: "opus", bitrate_kbit: 64 },
    max_peers: 0,
    gop_cache: defaultGopCache(),
    token: "server",
    session_max_age_seconds: 0,
  };
}

/**
 * Reads the block over a base. An absent key keeps the base, because typed clients of Core drop keys
 * they don't know between GET and PUT; only an explicit null removes the block.
 */
export function parseWebrtcBlock(
  record: Fields,
  base: WebrtcBlock | undefined,
): WebrtcBlock | undefined {
  const value = record.raw("webrtc");
  if (value === undefined) return base;
  if (value === null) return undefined;
  const start = base ?? defaultWebrtcBlock();
  const block = record.child("webrtc");
  if (block === undefined) return start;
  const parsed: WebrtcBlock = {
    enabled: block.flag("enabled", start.enabled),
    video: parseVideo(block.child("video"), start.video),
    audio: parseAudio(block.child("audio"), start.audio),
    max_peers: block.count("max_peers", start.max_peers),
    gop_cache: parseGopCache(block.child("gop_cache"), start.gop_cache),
    token: block.choice("token", start.token, TOKEN_POLICIES),
    session_max_age_seconds: block.count("session_max_age_seconds", start.session_max_age_seconds),
  };
  if (parsed.enabled && parsed.video.mode === "off" && parsed.audio.mode === "off") {
    record.problems.rule(
      "webrtc.video.mode and webrtc.audio.mode: found off for both; allowed: at least one of them on",
    );
  }
  return parsed;
}

function parseVideo(fields: Fields | undefined, base: VideoPolicy): VideoPolicy {
  if (fields === undefined) return base;
  return {
    mode: fields.choice("mode", base.mode, legModes),
    codec: fields.choice("codec", base.codec, ["h264", "vp8"]),
    bitrate_kbit: fields.amount("bitrate_kbit", base.bitrate_kbit, videoBitrate),
    gop_seconds: fields.amount("gop_seconds", base.gop_seconds, gopSeconds),
  };
}

function parseAudio(fields: Fields | undefined, base: AudioPolicy): AudioPolicy {
  if (fields === undefined) return base;
  return {
    mode: fields.choice("mode", base.mode, legModes),
    codec: fields.choice("codec", base.codec, ["opus"]),
    bitrate_kbit: fields.amount("bitrate_kbit", base.bitrate_kbit, audioBitrate),
  };
}
