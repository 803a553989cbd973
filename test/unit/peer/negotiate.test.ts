import { describe, expect, test } from "bun:test";
import { CodecMismatch } from "../../../src/errors/viewer.ts";
import { negotiate, type ProducedTrack } from "../../../src/peer/negotiate.ts";
import { parseOffer } from "../../../src/wire/sdp/offer.ts";
import {
  changedOffer,
  H264,
  H264_HIGH,
  H264_MAIN,
  type OfferName,
  OPUS,
  OPUS_MONO,
  offerText,
  VP8,
} from "../wire/sdp/fixtures.ts";

async function tracksOf(name: OfferName, produced: readonly ProducedTrack[]) {
  return negotiate(parseOffer(await offerText(name)), produced).tracks;
}

/** The facts of the CodecMismatch that `run` throws. */
function mismatch(
  run: () => unknown,
): [media: string, offered: readonly string[], produced: string] {
  try {
    run();
  } catch (error) {
    if (error instanceof CodecMismatch) return [error.media, error.offered, error.produced];
    throw error;
  }
  throw new Error("There was no mismatch.");
}

/** An offer with one H.264 payload type per fmtp, from 96 on. */
function h264Offer(...fmtps: string[]) {
  const types = fmtps.map((_, i) => 96 + i);
  return parseOffer(
    changedOffer(
      ["m=video 9 UDP/TLS/RTP/SAVPF 96 97", `m=video 9 UDP/TLS/RTP/SAVPF ${types.join(" ")}`],
      ["a=fmtp:96 packetization-mode=1;profile-level-id=42e01f", []],
      ["a=rtpmap:97 rtx/90000", []],
      ["a=fmtp:97 apt=96", []],
      [
        "a=rtpmap:96 H264/90000",
        fmtps.flatMap((fmtp, i) => [`a=rtpmap:${96 + i} h264/90000`, `a=fmtp:${96 + i} ${fmtp}`]),
      ],
    ),
  );
}

function chosen(source: string | undefined, ...profiles: string[]): number | undefined {
  const offer = h264Offer(...profiles.map((id) => `packetization-mode=1;profile-level-id=${id}`));
  return negotiate(offer, [{ ...H264, profileLevelId: source }]).tracks[0]?.payloadType;
}

describe("negotiation with a real player", () => {
  test("takes Chromium's Constrained Baseline for a Constrained Baseline source", async () => {
    const [video, audio] = await tracksOf("chromium", [H264, OPUS]);
    expect(video).toEqual({
      kind: "video",
      mid: "0",
      mediaIndex: 0,
      codec: "H264",
      payloadType: 108,
      rtxPayloadType: 109,
      clockRate: 90_000,
      nack: true,
      pli: true,
      fmtp: "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
      channels: 1,
    });
    expect(audio).toMatchObject({ kind: "audio", payloadType: 111, nack: false, channels: 2 });
  });

  test.each([
    ["chromium", H264_MAIN, 116],
    ["chromium", H264_HIGH, 108],
    ["chromium", VP8, 96],
    ["firefox", VP8, 120],
    ["max_bundle", H264, 126],
    ["safari", H264, 98],
    ["safari", H264_HIGH, 96],
    ["safari", H264_MAIN, 96],
    ["pion", H264, 106],
    ["pion", H264_MAIN, 127],
    ["gstreamer", H264, 103],
    ["video_only", H264, 106],
  ] as const)("chooses the payload type: %s", async (name, source, payloadType) => {
    const [video] = await tracksOf(name, [source]);
    expect(video?.payloadType).toBe(payloadType);
  });

  test("negotiates NACK and RTX from feedback with a blank behind it (Pion)", async () => {
    const [video] = await tracksOf("pion", [H264]);
    expect(video).toMatchObject({ nack: true, pli: true, rtxPayloadType: 107 });
  });

  test("keeps the player's order of sections, not the source's", async () => {
    const tracks = await tracksOf("safari", [H264, OPUS]);
    expect(tracks.map(({ kind, mediaIndex }) => [kind, mediaIndex])).toEqual([
      ["audio", 0],
      ["video", 1],
    ]);
  });

  test("lets a player take audio only, though the stream has video too", async () => {
    expect(await tracksOf("obs", [H264, OPUS])).toHaveLength(1);
  });

  test("lets a player have audio only, where the stream has no video", async () => {
    const tracks = await tracksOf("chromium", [OPUS]);
    expect(tracks.map(({ kind }) => kind)).toEqual(["audio"]);
  });
});

describe("the H.264 profile", () => {
  test.each([
    ["42c01f", ["42001f", "42e034"], 97],
    ["42e01f", ["640c34", "42c00a"], 97],
    ["42c01f", ["42801f", "42401f"], 97],
    ["42001f", ["42e01f", "42001f"], 97],
    ["4d401f", ["42e01f", "64001f", "4d0032"], 98],
    ["4d401f", ["42e01f", "64001f"], 97],
    ["4d401f", ["42e01f", "640c34"], 97],
    ["4d401f", ["42001f", "42e01f"], 97],
    ["64001f", ["42e01f", "4d001f", "640034"], 98],
    ["64001f", ["42e01f", "640c34"], 97],
    ["64001f", ["4d001f", "42e01f"], 97],
    ["640c1f", ["42e01f", "64001f", "640c34"], 98],
    ["42c01f", ["42E01F", "42e01f"], 96],
    ["42c01f", ["f4001f"], 96],
    [undefined, ["4d001f", "42e01f"], 97],
  ] as const)("%s is served as the best of %p, whatever the level", (source, offered, type) => {
    expect(chosen(source, ...offered)).toBe(type);
  });

  test("is Baseline where the player names none (RFC 6184 §8.1)", () => {
    const offer = h264Offer("packetization-mode=1", "packetization-mode=1;profile-level-id=42e01f");
    expect(negotiate(offer, [H264]).tracks[0]?.payloadType).toBe(97);
  });

  test("of a player that names no packetization-mode will do where none is offered in mode 1", async () => {
    const [video] = await tracksOf("gstreamer_whepsrc", [H264]);
    expect(video).toMatchObject({ payloadType: 103, fmtp: "" });
  });

  test("counts in packetization-mode 1 first, and never in another that is named", () => {
    const offer = h264Offer(
      "packetization-mode=0;profile-level-id=42e01f",
      "profile-level-id=42e01f",
      "profile-level-id=64001f; Packetization-Mode=1",
    );
    expect(negotiate(offer, [H264]).tracks[0]?.payloadType).toBe(98);
  });
});

describe("a codec mismatch", () => {
  test("names kind, offered codecs and the stream's codec with its profile", async () => {
    const offer = parseOffer(await offerText("firefox"));
    expect(mismatch(() => negotiate(offer, [H264_HIGH, OPUS]))).toEqual([
      "video",
      ["VP8", "VP9", "AV1"],
      "H264 High (64001f)",
    ]);
  });

  test("holds even when the other kind would fit", async () => {
    const offer = parseOffer(await offerText("gstreamer"));
    expect(mismatch(() => negotiate(offer, [VP8, OPUS]))).toEqual(["video", ["H264"], "VP8"]);
  });

  test("says that H264 is offered in another packetization-mode", () => {
    const offer = h264Offer("packetization-mode=0;profile-level-id=42e01f");
    expect(mismatch(() => negotiate(offer, [H264]))).toEqual([
      "video",
      ["H264 with packetization-mode other than 1"],
      "H264 Constrained Baseline (42c01f)",
    ]);
  });

  test("names an unusual profile by its number, and none before the first SPS", () => {
    const vp8Only = parseOffer(changedOffer(["a=rtpmap:96 H264/90000", "a=rtpmap:96 VP8/90000"]));
    const producedOf = (profileLevelId: string | undefined) =>
      mismatch(() => negotiate(vp8Only, [{ ...H264, profileLevelId }]))[2];
    expect(producedOf("f4001f")).toBe("H264 (f4001f)");
    expect(producedOf(undefined)).toBe("H264");
  });

  test("is a player that wants only what the stream has not", async () => {
    const audioOnly = parseOffer(await offerText("obs"));
    const videoOnly = parseOffer(await offerText("video_only"));
    expect(mismatch(() => negotiate(audioOnly, [H264]))).toEqual([
      "audio",
      ["OPUS"],
      "without audio",
    ]);
    expect(mismatch(() => negotiate(videoOnly, [OPUS]))[2]).toBe("without video");
  });

  test("is a stream without any track", () => {
    expect(mismatch(() => negotiate(parseOffer(changedOffer()), []))[0]).toBe("video");
  });

  test("does not count a section that the player switched off", () => {
    const offer = parseOffer(
      changedOffer(
        ["m=video 9 UDP/TLS/RTP/SAVPF 96 97", "m=video 0 UDP/TLS/RTP/SAVPF 96 97"],
        ["a=rtpmap:96 H264/90000", "a=rtpmap:96 VP9/90000"],
      ),
    );
    expect(negotiate(offer, [H264, OPUS]).tracks.map(({ kind }) => kind)).toEqual(["audio"]);
  });

  test("is Opus at another clock rate", () => {
    const offer = parseOffer(
      changedOffer(["a=rtpmap:111 opus/48000/2", "a=rtpmap:111 opus/16000/2"]),
    );
    expect(mismatch(() => negotiate(offer, [OPUS]))).toEqual(["audio", ["OPUS"], "OPUS"]);
  });

  test("is a payload type that RTCP would hide on a shared port (RFC 5761 §4)", () => {
    const offer = parseOffer(
      changedOffer(
        ["m=audio 9 UDP/TLS/RTP/SAVPF 111", "m=audio 9 UDP/TLS/RTP/SAVPF 72"],
        ["a=rtpmap:111 opus/48000/2", "a=rtpmap:72 opus/48000/2"],
      ),
    );
    expect(mismatch(() => negotiate(offer, [OPUS]))[0]).toBe("audio");
  });
});

describe("the parameters of Opus", () => {
  function opusFmtp(offered: string, source: ProducedTrack): string | undefined {
    const line = "a=rtpmap:111 opus/48000/2";
    const fmtp = offered === "" ? [line] : [line, `a=fmtp:111 ${offered}`];
    return negotiate(parseOffer(changedOffer([line, fmtp])), [source]).tracks[0]?.fmtp;
  }

  test.each([
    ["", "stereo=1;sprop-stereo=1"],
    ["minptime=10;useinbandfec=1", "minptime=10;useinbandfec=1;stereo=1;sprop-stereo=1"],
    ["stereo=1", "stereo=1;sprop-stereo=1"],
    ["sprop-stereo=0", "sprop-stereo=0;stereo=1"],
    ["Stereo=0;useinbandfec=1", "Stereo=0;useinbandfec=1;sprop-stereo=1"],
  ])("offered as %p announce a stereo source as %p", (offered, expected) => {
    expect(opusFmtp(offered, OPUS)).toBe(expected);
  });

  test("stay as offered for a mono source", () => {
    expect(opusFmtp("minptime=10", OPUS_MONO)).toBe("minptime=10");
  });
});

test("RTX is left out where the player sends no NACK", () => {
  const offer = parseOffer(changedOffer(["a=rtcp-fb:96 nack", []]));
  expect(negotiate(offer, [H264]).tracks[0]).toMatchObject({
    nack: false,
    pli: false,
    rtxPayloadType: undefined,
  });
});
