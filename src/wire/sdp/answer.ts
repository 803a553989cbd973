/**
 * Writes the SDP answer of a WHEP session from what was negotiated. Pure: facts in, text out.
 * Decides nothing: peer/negotiate.ts chose the codecs, the transport brings its own facts.
 */
import {
  ICE_SESSION_LINES,
  type LocalIce,
  writeCandidates,
  writeCredentials,
} from "./local-ice.ts";
import type { Offer, OfferedMedia } from "./offer.ts";

export type { LocalIce } from "./local-ice.ts";

/** One track of a stream, as its source makes it. */
export interface ProducedTrack {
  kind: "video" | "audio";
  codec: "H264" | "VP8" | "OPUS";
  /** H264: profile_idc, constraint flags and level_idc of the SPS as 6 hex digits, once seen. */
  profileLevelId: string | undefined;
  channels: number;
}

/** What one m= section was accepted with; payload types and fmtp are the offered ones. */
export interface NegotiatedTrack {
  kind: ProducedTrack["kind"];
  mid: string;
  mediaIndex: number;
  codec: ProducedTrack["codec"];
  payloadType: number;
  rtxPayloadType: number | undefined;
  clockRate: number;
  nack: boolean;
  pli: boolean;
  fmtp: string;
  /** Of the rtpmap: 2 for Opus whatever it carries (RFC 7587 §7). */
  channels: number;
}

export interface Negotiation {
  offer: Offer;
  /** In the order of their m= sections. */
  tracks: readonly NegotiatedTrack[];
}

export interface LocalTransport extends LocalIce {
  /** sha-256, upper case hex joined by ":". */
  fingerprint: string;
  cname: string;
  mediaStreamId: string;
  /** Digits only. */
  sdpSessionId: string;
}

interface TrackSsrc {
  ssrc: number;
  rtxSsrc: number | undefined;
}

export type TrackSsrcs = ReadonlyMap<ProducedTrack["kind"], TrackSsrc>;

/** The names as they are registered: WebRTC stacks print them, and some compare them by case. */
const ENCODING_NAMES = { H264: "H264", VP8: "VP8", OPUS: "opus" } as const;

/** The whole answer, CRLF line ends. Every track needs its SSRC in `ssrcs`. */
export function writeAnswer(
  negotiation: Negotiation,
  local: LocalTransport,
  ssrcs: TrackSsrcs,
): string {
  const { offer, tracks } = negotiation;
  const sections = offer.media.flatMap((media) => {
    const track = tracks.find((candidate) => candidate.mediaIndex === media.index);
    if (track !== undefined) return openSection(media, local, sendingLines(track, local, ssrcs));
    return isIdle(media, offer)
      ? openSection(media, local, idleLines(media))
      : rejectedSection(media);
  });
  const lines = [
    "v=0",
    `o=- ${local.sdpSessionId} 1 IN IP4 0.0.0.0`,
    "s=-",
    "t=0 0",
    ...bundleLine(negotiation),
    ...ICE_SESSION_LINES,
    "a=msid-semantic: WMS *",
    ...sections,
  ];
  return `${lines.join("\r\n")}\r\n`;
}

/**
 * The open sections of the answer's BUNDLE group, the tagged one first: in the offered order, so
 * that the player's tagged section stays the tagged one (RFC 9143 §7.3.1). Empty when no group was
 * offered, since none may be answered then.
 */
export function answeredBundle({ offer, tracks }: Negotiation): { mid: string; kind: string }[] {
  return offer.bundle.flatMap((mid) => {
    const media = offer.media.find((candidate) => candidate.mid === mid);
    if (media === undefined) return [];
    const isOpen = isIdle(media, offer) || tracks.some((track) => track.mid === mid);
    return isOpen ? [{ mid, kind: media.kind }] : [];
  });
}

function bundleLine(negotiation: Negotiation): string[] {
  const mids = answeredBundle(negotiation).map(({ mid }) => mid);
  return mids.length === 0 ? [] : [`a=group:BUNDLE ${mids.join(" ")}`];
}

/**
 * A section of the bundle that has nothing to carry, as for an audio stream where video is offered too. It stays open
 * without sending (RFC 3264 §6.1), where it has a codec to name. Players take a rejection badly: Chromium with max-bundle
 * fails where it is the tagged section ("Failed to setup RTCP mux"), aiortc refuses any section without a transport.
 */
function isIdle(media: OfferedMedia, offer: Offer): boolean {
  return media.mid !== "" && offer.bundle.includes(media.mid) && media.codecs.length > 0;
}

/**
 * RFC 3264 §6: a rejected section keeps its place, its protocol and at least one format. The format
 * is described, because Pion refuses a whole answer with a payload type it finds no rtpmap for.
 */
function rejectedSection(media: OfferedMedia): string[] {
  const [codec] = media.codecs;
  return [
    `m=${media.kind} 0 ${media.protocol} ${codec?.payloadType ?? media.payloadTypes[0]}`,
    "c=IN IP4 0.0.0.0",
    ...midLine(media),
    "a=inactive",
    ...(codec === undefined ? [] : formatLines(codec, codec.name)),
  ];
}

function midLine(media: OfferedMedia): string[] {
  return media.mid === "" ? [] : [`a=mid:${media.mid}`];
}

interface MediaLines {
  payloadTypes: readonly number[];
  direction: readonly string[];
  codecs: readonly string[];
}

/**
 * The transport stands in every section, though RFC 9143 asks for it in the tagged one only:
 * players that read sections one by one then find it wherever they look.
 */
function openSection(media: OfferedMedia, local: LocalTransport, of: MediaLines): string[] {
  return [
    `m=${media.kind} 9 ${media.protocol} ${of.payloadTypes.join(" ")}`,
    "c=IN IP4 0.0.0.0",
    ...midLine(media),
    ...of.direction,
    "a=rtcp-mux",
    // WHEP §4.6.1, RFC 8858 §3: MUST stand in each bundled section.
    "a=rtcp-mux-only",
    ...(media.rtcpRsize ? ["a=rtcp-rsize"] : []),
    ...writeCredentials(local),
    `a=fingerprint:sha-256 ${local.fingerprint}`,
    "a=setup:passive",
    ...of.codecs,
    ...writeCandidates(local),
  ];
}

function sendingLines(
  track: NegotiatedTrack,
  local: LocalTransport,
  ssrcs: TrackSsrcs,
): MediaLines {
  const ssrc = ssrcs.get(track.kind);
  if (ssrc === undefined) throw new Error(`The ${track.kind} track has no SSRC.`);
  const rtx = rtxOf(track, ssrc);
  return {
    payloadTypes: rtx === undefined ? [track.payloadType] : [track.payloadType, rtx.payloadType],
    direction: ["a=sendonly", `a=msid:${local.mediaStreamId} ${local.mediaStreamId}-${track.kind}`],
    codecs: [...codecLines(track, rtx), ...ssrcLines(local, ssrc, rtx)],
  };
}

function idleLines(media: OfferedMedia): MediaLines {
  const codecs = media.codecs.slice(0, 1);
  return {
    payloadTypes: codecs.map(({ payloadType }) => payloadType),
    direction: ["a=inactive"],
    codecs: codecs.flatMap((codec) => formatLines(codec, codec.name)),
  };
}

interface Rtx {
  payloadType: number;
  ssrc: number;
}

function rtxOf(track: NegotiatedTrack, { rtxSsrc }: TrackSsrc): Rtx | undefined {
  if (track.rtxPayloadType === undefined || rtxSsrc === undefined) return undefined;
  return { payloadType: track.rtxPayloadType, ssrc: rtxSsrc };
}

interface Format {
  payloadType: number;
  clockRate: number;
  channels: number;
  fmtp: string;
}

function formatLines({ payloadType, clockRate, channels, fmtp }: Format, name: string): string[] {
  const rtpmap = `a=rtpmap:${payloadType} ${name}/${clockRate}${channels > 1 ? `/${channels}` : ""}`;
  return fmtp === "" ? [rtpmap] : [rtpmap, `a=fmtp:${payloadType} ${fmtp}`];
}

/** No extmap lines: we write no header extensions, so none may be negotiated. */
function codecLines(track: NegotiatedTrack, rtx: Rtx | undefined): string[] {
  const { payloadType, clockRate } = track;
  const lines = formatLines(track, ENCODING_NAMES[track.codec]);
  if (track.nack) lines.push(`a=rtcp-fb:${payloadType} nack`);
  if (track.pli) lines.push(`a=rtcp-fb:${payloadType} nack pli`);
  if (rtx !== undefined) {
    // RFC 4588 §8.6
    lines.push(`a=rtpmap:${rtx.payloadType} rtx/${clockRate}`);
    lines.push(`a=fmtp:${rtx.payloadType} apt=${payloadType}`);
  }
  return lines;
}

/** One CNAME for all: it is what lets a player put audio and video on one clock (RFC 8834 §4.9). */
function ssrcLines(local: LocalTransport, { ssrc }: TrackSsrc, rtx: Rtx | undefined): string[] {
  if (rtx === undefined) return [`a=ssrc:${ssrc} cname:${local.cname}`];
  return [
    `a=ssrc-group:FID ${ssrc} ${rtx.ssrc}`,
    `a=ssrc:${ssrc} cname:${local.cname}`,
    `a=ssrc:${rtx.ssrc} cname:${local.cname}`,
  ];
}
