/** Recorded and typical offers, our side's facts, and a random source with a fixed seed. */
import type { LocalTransport, ProducedTrack, TrackSsrcs } from "../../../../src/wire/sdp/answer.ts";

const folder = new URL("../../../fixtures/sdp/", import.meta.url);

export const OFFER_NAMES = [
  "chromium",
  "chromium_lf",
  "firefox",
  "max_bundle",
  "safari",
  "pion",
  "gstreamer",
  "gstreamer_whepsrc",
  "aiortc",
  "aiortc_balanced",
  "obs",
  "video_only",
] as const;

export type OfferName = (typeof OFFER_NAMES)[number];

export function offerText(name: OfferName): Promise<string> {
  return Bun.file(new URL(`${name}_offer.sdp`, folder)).text();
}

export function answerUrl(name: string): URL {
  return new URL(`answers/${name}.sdp`, folder);
}

export const H264: ProducedTrack = {
  kind: "video",
  codec: "H264",
  profileLevelId: "42c01f",
  channels: 0,
};
export const H264_MAIN: ProducedTrack = { ...H264, profileLevelId: "4d401f" };
export const H264_HIGH: ProducedTrack = { ...H264, profileLevelId: "64001f" };
export const VP8: ProducedTrack = {
  kind: "video",
  codec: "VP8",
  profileLevelId: undefined,
  channels: 0,
};
export const OPUS: ProducedTrack = {
  kind: "audio",
  codec: "OPUS",
  profileLevelId: undefined,
  channels: 2,
};
export const OPUS_MONO: ProducedTrack = { ...OPUS, channels: 1 };

export const LOCAL: LocalTransport = {
  iceUfrag: "srvUfrag",
  icePwd: "serverPasswordOf24Chars+",
  candidates: [
    { address: "203.0.113.7", port: 8189 },
    { address: "2001:db8::7", port: 8189 },
  ],
  fingerprint: Array.from({ length: 32 }, () => "AB").join(":"),
  cname: "dragonfork",
  mediaStreamId: "live",
  sdpSessionId: "1234567890",
};

export const SSRCS: TrackSsrcs = new Map([
  ["video", { ssrc: 1111, rtxSsrc: 2222 }],
  ["audio", { ssrc: 3333, rtxSsrc: undefined }],
]);

/** The smallest offer of video and audio that we answer; tests change one thing in it. */
export const BASE_OFFER = [
  "v=0",
  "o=- 1 1 IN IP4 0.0.0.0",
  "s=-",
  "t=0 0",
  "a=group:BUNDLE 0 1",
  "m=video 9 UDP/TLS/RTP/SAVPF 96 97",
  "c=IN IP4 0.0.0.0",
  "a=mid:0",
  "a=recvonly",
  "a=rtcp-mux",
  "a=ice-ufrag:abcd",
  "a=ice-pwd:abcdefghijklmnopqrstuv",
  `a=fingerprint:sha-256 ${Array.from({ length: 32 }, () => "0a").join(":")}`,
  "a=setup:actpass",
  "a=rtpmap:96 H264/90000",
  "a=fmtp:96 packetization-mode=1;profile-level-id=42e01f",
  "a=rtcp-fb:96 nack",
  "a=rtpmap:97 rtx/90000",
  "a=fmtp:97 apt=96",
  "m=audio 9 UDP/TLS/RTP/SAVPF 111",
  "c=IN IP4 0.0.0.0",
  "a=mid:1",
  "a=recvonly",
  "a=rtcp-mux",
  "a=ice-ufrag:abcd",
  "a=ice-pwd:abcdefghijklmnopqrstuv",
  `a=fingerprint:sha-256 ${Array.from({ length: 32 }, () => "0A").join(":")}`,
  "a=setup:actpass",
  "a=rtpmap:111 opus/48000/2",
] as const;

/** The base offer with lines replaced: by another, by several, or by none. */
export function changedOffer(...changes: [line: string, by: string | readonly string[]][]): string {
  const lines: string[] = [...BASE_OFFER];
  for (const [line, by] of changes) {
    const at = lines.indexOf(line);
    if (at < 0) throw new Error(`The base offer has no line ${line}.`);
    lines.splice(at, 1, ...(typeof by === "string" ? [by] : by));
  }
  return `${lines.join("\r\n")}\r\n`;
}

/** A number from 0 to below 1, the same row of them for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Swaps, cuts, doubles and garbles pieces of a text, a few per call. */
export function mutate(text: string, random: () => number): string {
  let mutated = text;
  const changes = 1 + Math.floor(random() * 4);
  for (let i = 0; i < changes; i++) mutated = mutateOnce(mutated, random);
  return mutated;
}

const MUTATIONS: readonly ((text: string, at: number, random: () => number) => string)[] = [
  (text, at, random) => text.slice(0, at) + text.slice(at + Math.floor(random() * 40)),
  (text, at, random) =>
    text.slice(0, at) + String.fromCharCode(Math.floor(random() * 256)) + text.slice(at + 1),
  (text, at, random) =>
    text.slice(0, at) + text.slice(at, at + Math.floor(random() * 200)).repeat(2) + text.slice(at),
  (text, at) => text.slice(0, at),
  (text, at, random) => text.slice(0, at) + "9".repeat(Math.floor(random() * 30)) + text.slice(at),
  (text, at) => {
    const lines = text.split("\n");
    lines.splice(at % lines.length, 1);
    return lines.join("\n");
  },
  (text, at, random) => {
    const lines = text.split("\n");
    lines.splice(Math.floor(random() * lines.length), 0, lines[at % lines.length] ?? "");
    return lines.join("\n");
  },
];

function mutateOnce(text: string, random: () => number): string {
  const at = Math.floor(random() * text.length);
  const mutation = MUTATIONS[Math.floor(random() * MUTATIONS.length)];
  return mutation === undefined ? text : mutation(text, at, random);
}

/** Bytes without any order, as text. */
export function noise(random: () => number): string {
  const codes = Array.from({ length: Math.floor(random() * 300) }, () =>
    Math.floor(random() * 256),
  );
  return String.fromCharCode(...codes);
}
