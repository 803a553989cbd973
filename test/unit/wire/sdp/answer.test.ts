import { describe, expect, test } from "bun:test";
import { negotiate } from "../../../../src/peer/negotiate.ts";
import {
  answeredBundle,
  type ProducedTrack,
  writeAnswer,
} from "../../../../src/wire/sdp/answer.ts";
import { parseOffer } from "../../../../src/wire/sdp/offer.ts";
import {
  answerUrl,
  changedOffer,
  H264,
  H264_HIGH,
  H264_MAIN,
  LOCAL,
  OFFER_NAMES,
  type OfferName,
  OPUS,
  OPUS_MONO,
  offerText,
  SSRCS,
  VP8,
} from "./fixtures.ts";

async function answerTo(name: OfferName, produced: readonly ProducedTrack[]): Promise<string> {
  const offer = parseOffer(await offerText(name));
  return writeAnswer(negotiate(offer, produced), LOCAL, SSRCS);
}

/** The lines of each m= section, and before them those of the session. */
function sections(answer: string): string[][] {
  const groups: string[][] = [[]];
  for (const line of answer.split("\r\n")) {
    if (line.startsWith("m=")) groups.push([]);
    if (line !== "") groups.at(-1)?.push(line);
  }
  return groups;
}

const GOLDEN: readonly [golden: string, offer: OfferName, produced: readonly ProducedTrack[]][] = [
  ["chromium", "chromium", [H264, OPUS]],
  ["chromium_main", "chromium", [H264_MAIN, OPUS]],
  ["chromium_audio_stream", "chromium", [OPUS]],
  ["chromium_video_stream", "chromium", [H264]],
  ["chromium_lf", "chromium_lf", [H264, OPUS]],
  ["firefox_vp8", "firefox", [VP8, OPUS]],
  ["max_bundle", "max_bundle", [H264, OPUS]],
  ["safari", "safari", [H264, OPUS]],
  ["safari_high", "safari", [H264_HIGH, OPUS]],
  ["pion", "pion", [H264, OPUS_MONO]],
  ["pion_video_stream", "pion", [H264]],
  ["gstreamer", "gstreamer", [H264, OPUS_MONO]],
  ["gstreamer_whepsrc", "gstreamer_whepsrc", [H264, OPUS]],
  ["aiortc_vp8", "aiortc", [VP8, OPUS]],
  ["obs_audio_only", "obs", [H264, OPUS]],
  ["video_only", "video_only", [H264, OPUS]],
];

describe("an answer", () => {
  test.each(GOLDEN)("is byte for byte the golden one: %s", async (golden, offer, produced) => {
    const answer = await answerTo(offer, produced);
    const { UPDATE_GOLDEN } = process.env;
    if (UPDATE_GOLDEN === "1") await Bun.write(answerUrl(golden), answer);
    expect(answer).toBe(await Bun.file(answerUrl(golden)).text());
  });

  test("does not depend on the line ends of the offer", async () => {
    expect(await answerTo("chromium_lf", [H264, OPUS])).toBe(
      await answerTo("chromium", [H264, OPUS]),
    );
  });

  test.each(OFFER_NAMES.map((name) => [name]))(
    "has the offer's sections in its order and with its mids: %s",
    async (name) => {
      const offer = parseOffer(await offerText(name));
      const produced = name === "firefox" ? [VP8, OPUS] : [H264, OPUS];
      const [, ...media] = sections(await answerTo(name, produced));
      expect(media.map((lines) => lines.find((line) => line.startsWith("a=mid:")))).toEqual(
        offer.media.map(({ mid }) => `a=mid:${mid}`),
      );
      expect(media.map((lines) => lines[0]?.split(" ", 1)[0])).toEqual(
        offer.media.map(({ kind }) => `m=${kind}`),
      );
    },
  );

  test("carries in each accepted section what WHEP demands there", async () => {
    const [session, ...media] = sections(await answerTo("chromium", [H264, OPUS]));
    expect(session).toContain("a=ice-lite");
    expect(session).toContain("a=group:BUNDLE 0 1");
    for (const lines of media) {
      expect(lines).toContain("a=sendonly");
      expect(lines).toContain("a=rtcp-mux");
      expect(lines).toContain("a=rtcp-mux-only");
      expect(lines).toContain("a=setup:passive");
      expect(lines).toContain("a=end-of-candidates");
    }
  });

  test("puts all tracks into one stream, each under a track id of its own", async () => {
    const answer = await answerTo("chromium", [H264, OPUS]);
    const msids = answer.split("\r\n").filter((line) => line.startsWith("a=msid:"));
    expect(msids).toEqual(["a=msid:live live-video", "a=msid:live live-audio"]);
  });

  test("names every address, IPv4 and IPv6, with a priority that falls by their order", async () => {
    const [, video] = sections(await answerTo("chromium", [H264, OPUS]));
    expect(video?.filter((line) => line.startsWith("a=candidate:"))).toEqual([
      "a=candidate:1 1 udp 2130706431 203.0.113.7 8189 typ host",
      "a=candidate:2 1 udp 2130706175 2001:db8::7 8189 typ host",
    ]);
  });

  test("keeps a section without a track open in the bundle: aiortc refuses one without a transport", async () => {
    const [session, , audio] = sections(await answerTo("aiortc", [H264]));
    expect(session).toContain("a=group:BUNDLE 0 1");
    expect(audio).toEqual([
      "m=audio 9 UDP/TLS/RTP/SAVPF 96",
      "c=IN IP4 0.0.0.0",
      "a=mid:1",
      "a=inactive",
      "a=rtcp-mux",
      "a=rtcp-mux-only",
      "a=ice-ufrag:srvUfrag",
      "a=ice-pwd:serverPasswordOf24Chars+",
      `a=fingerprint:sha-256 ${LOCAL.fingerprint}`,
      "a=setup:passive",
      "a=rtpmap:96 OPUS/48000/2",
      "a=candidate:1 1 udp 2130706431 203.0.113.7 8189 typ host",
      "a=candidate:2 1 udp 2130706175 2001:db8::7 8189 typ host",
      "a=end-of-candidates",
    ]);
  });

  test("keeps the tagged section open without a track, since Chromium's bundle runs on it", async () => {
    const [session, video] = sections(await answerTo("chromium", [OPUS]));
    expect(session).toContain("a=group:BUNDLE 0 1");
    expect(video?.[0]).toBe("m=video 9 UDP/TLS/RTP/SAVPF 96");
    expect(video).toContain("a=inactive");
    expect(video).toContain("a=rtpmap:96 VP8/90000");
    expect(video).toContain("a=setup:passive");
    expect(video?.some((line) => line.startsWith("a=msid:") || line.startsWith("a=ssrc"))).toBe(
      false,
    );
  });

  test("rejects a tagged section that has no codec to name", async () => {
    const text = (await offerText("gstreamer")).replace("a=rtpmap:103 H264/90000\r\n", "");
    const answer = writeAnswer(negotiate(parseOffer(text), [OPUS]), LOCAL, SSRCS);
    const [session, video] = sections(answer);
    expect(session).toContain("a=group:BUNDLE audio1");
    expect(video?.[0]).toBe("m=video 0 UDP/TLS/RTP/SAVPF 103");
  });

  test("rejects a section the player has switched off, and describes its format: Pion refuses it otherwise", async () => {
    const text = changedOffer([
      "m=audio 9 UDP/TLS/RTP/SAVPF 111",
      "m=audio 0 UDP/TLS/RTP/SAVPF 111",
    ]);
    const answer = writeAnswer(negotiate(parseOffer(text), [H264, OPUS]), LOCAL, SSRCS);
    const [session, , audio] = sections(answer);
    expect(session).toContain("a=group:BUNDLE 0");
    expect(audio).toEqual([
      "m=audio 0 UDP/TLS/RTP/SAVPF 111",
      "c=IN IP4 0.0.0.0",
      "a=mid:1",
      "a=inactive",
      "a=rtpmap:111 OPUS/48000/2",
    ]);
  });

  test("rejects a data channel", async () => {
    const [session, , , data] = sections(await answerTo("max_bundle", [H264, OPUS]));
    expect(session).toContain("a=group:BUNDLE 0 1");
    expect(data?.[0]).toBe("m=application 0 UDP/DTLS/SCTP webrtc-datachannel");
  });

  test("opens a bundle-only section, though its offered port is 0", async () => {
    const [, , audio] = sections(await answerTo("max_bundle", [H264, OPUS]));
    expect(audio?.[0]).toBe("m=audio 9 UDP/TLS/RTP/SAVPF 109");
  });

  test("has no BUNDLE group and no mid where none was offered", async () => {
    const text = (await offerText("obs"))
      .replace("a=group:BUNDLE audio\r\n", "")
      .replace("a=mid:audio\r\n", "");
    const answer = writeAnswer(negotiate(parseOffer(text), [OPUS]), LOCAL, SSRCS);
    expect(answer).not.toContain("BUNDLE");
    expect(answer).not.toContain("a=mid");
  });

  test("tells which sections share its transport, the tagged one first", async () => {
    const swapped = (await offerText("chromium")).replace("BUNDLE 0 1", "BUNDLE 1 0");
    const bundleOf = (text: string, produced: readonly ProducedTrack[]) =>
      answeredBundle(negotiate(parseOffer(text), produced));
    expect(bundleOf(swapped, [H264, OPUS])).toEqual([
      { mid: "1", kind: "audio" },
      { mid: "0", kind: "video" },
    ]);
    expect(bundleOf(await offerText("max_bundle"), [H264]).map(({ mid }) => mid)).toEqual([
      "0",
      "1",
    ]);
    expect(bundleOf(await offerText("max_bundle"), [OPUS]).map(({ mid }) => mid)).toEqual([
      "0",
      "1",
    ]);
  });

  test("has no RTX payload type without an SSRC to send it on", async () => {
    const negotiation = negotiate(parseOffer(await offerText("chromium")), [H264]);
    const ssrcs = new Map([["video", { ssrc: 1, rtxSsrc: undefined }]] as const);
    const [, video] = sections(writeAnswer(negotiation, LOCAL, ssrcs));
    expect(video?.[0]).toBe("m=video 9 UDP/TLS/RTP/SAVPF 108");
    expect(video?.some((line) => line.includes("rtx") || line.includes("FID"))).toBe(false);
  });

  test("offers no header extensions, since none are written", async () => {
    expect(await answerTo("chromium", [H264, OPUS])).not.toContain("extmap");
  });

  test("fails loudly when a track has no SSRC", async () => {
    const negotiation = negotiate(parseOffer(await offerText("chromium")), [H264]);
    expect(() => writeAnswer(negotiation, LOCAL, new Map())).toThrow("video track has no SSRC");
  });
});
