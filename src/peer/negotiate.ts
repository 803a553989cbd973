/**
 * Chooses, per track of a stream, the m= section and the codec of an offer, or says why it cannot.
 * The only place that knows the reason of a 406. Pure.
 */
import { CodecMismatch } from "../errors/viewer.ts";
import type { NegotiatedTrack, Negotiation, ProducedTrack } from "../wire/sdp/answer.ts";
import { fmtpParameter, withFmtpDefaults } from "../wire/sdp/fmtp.ts";
import { h264Profile, h264ProfileRank } from "../wire/sdp/h264-profile.ts";
import type { OfferedCodec } from "../wire/sdp/media-section.ts";
import type { Offer, OfferedMedia } from "../wire/sdp/offer.ts";

export type { Negotiation, ProducedTrack } from "../wire/sdp/answer.ts";

type MediaOfTrack = OfferedMedia & { kind: ProducedTrack["kind"] };

/**
 * Sections of a kind the stream has not, and other kinds, stay without a track. Throws CodecMismatch when an
 * offered kind has no common codec, or no kind is common.
 */
export function negotiate(offer: Offer, produced: readonly ProducedTrack[]): Negotiation {
  const wanted = offer.media.filter(isWanted);
  const tracks = wanted.flatMap((media) => {
    const source = produced.find((track) => track.kind === media.kind);
    return source === undefined ? [] : [negotiateTrack(media, source)];
  });
  const [first] = wanted;
  if (tracks.length === 0 && first !== undefined) {
    throw new CodecMismatch(first.kind, offeredNames(first), `without ${first.kind}`);
  }
  return { offer, tracks };
}

function isWanted(media: OfferedMedia): media is MediaOfTrack {
  return !media.disabled && (media.kind === "video" || media.kind === "audio");
}

function negotiateTrack(media: MediaOfTrack, source: ProducedTrack): NegotiatedTrack {
  const codec = chooseCodec(media.codecs, source);
  if (codec === undefined) {
    throw new CodecMismatch(media.kind, offeredNames(media), producedName(source));
  }
  const nack = codec.feedback.includes("nack");
  return {
    kind: media.kind,
    mid: media.mid,
    mediaIndex: media.index,
    codec: source.codec,
    payloadType: codec.payloadType,
    // Without NACK nobody asks for a packet again.
    rtxPayloadType: nack ? codec.rtxPayloadType : undefined,
    clockRate: codec.clockRate,
    nack,
    pli: codec.feedback.includes("nack pli"),
    fmtp: source.codec === "OPUS" ? opusFmtp(codec.fmtp, source) : codec.fmtp,
    channels: codec.channels,
  };
}

const CLOCK_RATES = { H264: 90_000, VP8: 90_000, OPUS: 48_000 } as const;

function chooseCodec(
  codecs: readonly OfferedCodec[],
  source: ProducedTrack,
): OfferedCodec | undefined {
  const usable = codecs.filter(
    (codec) =>
      codec.name === source.codec &&
      codec.clockRate === CLOCK_RATES[source.codec] &&
      isMuxable(codec.payloadType),
  );
  return source.codec === "H264" ? chooseH264(usable, source) : usable[0];
}

/** RFC 5761 §4: these payload types with a marker bit look like RTCP on a shared port. */
function isMuxable(payloadType: number): boolean {
  return payloadType < 64 || payloadType > 95;
}

/**
 * Our packets are STAP-A and FU-A, so packetization-mode 1 is a must (RFC 6184 §6.3). Where a player offers none, one that
 * names no mode will do: that means 0, but GStreamer's whepsrc names none and takes all packets.
 */
function chooseH264(
  codecs: readonly OfferedCodec[],
  source: ProducedTrack,
): OfferedCodec | undefined {
  const inMode = (mode: string | undefined) =>
    codecs.filter((codec) => fmtpParameter(codec.fmtp, "packetization-mode") === mode);
  return bestProfile(inMode("1"), source) ?? bestProfile(inMode(undefined), source);
}

function bestProfile(
  codecs: readonly OfferedCodec[],
  source: ProducedTrack,
): OfferedCodec | undefined {
  // Before the first SPS the profile is unknown; the lowest demand is the best guess.
  const profile =
    source.profileLevelId === undefined
      ? "Constrained Baseline"
      : h264Profile(source.profileLevelId);
  const rank = (codec: OfferedCodec) =>
    h264ProfileRank(profile, h264Profile(fmtpParameter(codec.fmtp, "profile-level-id")));
  return codecs.reduce<OfferedCodec | undefined>(
    (best, codec) => (best !== undefined && rank(best) <= rank(codec) ? best : codec),
    undefined,
  );
}

/** RFC 7587 §6.1: a receiver is prepared for stereo, and told that it comes, by these parameters. */
function opusFmtp(offered: string, source: ProducedTrack): string {
  if (source.channels !== 2) return offered;
  return withFmtpDefaults(offered, [
    ["stereo", "1"],
    ["sprop-stereo", "1"],
  ]);
}

/** Repair and signalling formats: they carry no media of their own. */
const HELPER_FORMATS: ReadonlySet<string> = new Set([
  "RED",
  "ULPFEC",
  "FLEXFEC-03",
  "CN",
  "TELEPHONE-EVENT",
]);

function offeredNames(media: OfferedMedia): string[] {
  const names = media.codecs
    .filter((codec) => !HELPER_FORMATS.has(codec.name))
    .map((codec) => (codec.name === "H264" ? offeredH264Name(codec) : codec.name));
  return [...new Set(names)];
}

function offeredH264Name(codec: OfferedCodec): string {
  const mode = fmtpParameter(codec.fmtp, "packetization-mode") ?? "1";
  return mode === "1" ? codec.name : `${codec.name} with packetization-mode other than 1`;
}

function producedName({ codec, profileLevelId }: ProducedTrack): string {
  if (codec !== "H264" || profileLevelId === undefined) return codec;
  const profile = h264Profile(profileLevelId);
  return `H264${profile === "other" ? "" : ` ${profile}`} (${profileLevelId})`;
}
