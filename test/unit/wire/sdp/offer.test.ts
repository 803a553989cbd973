import { describe, expect, test } from "bun:test";
import { OfferInvalid } from "../../../../src/errors/viewer.ts";
import { parseOffer } from "../../../../src/wire/sdp/offer.ts";
import {
  BASE_OFFER,
  changedOffer,
  mutate,
  noise,
  OFFER_NAMES,
  offerText,
  seededRandom,
} from "./fixtures.ts";

const VIDEO = "m=video 9 UDP/TLS/RTP/SAVPF 96 97";
const AUDIO = "m=audio 9 UDP/TLS/RTP/SAVPF 111";
const UFRAG = "a=ice-ufrag:abcd";
const PWD = "a=ice-pwd:abcdefghijklmnopqrstuv";
const FINGERPRINT = BASE_OFFER[12];
const AUDIO_FINGERPRINT = BASE_OFFER[26];
const RECVONLY = "a=recvonly";
const BUNDLE = "a=group:BUNDLE 0 1";

function videoOf(text: string) {
  return parseOffer(text).media.find((media) => media.kind === "video");
}

/** What OfferInvalid says, or "accepted". Any other error is a bug and goes on. */
function verdict(text: string): string {
  try {
    parseOffer(text);
    return "accepted";
  } catch (error) {
    if (error instanceof OfferInvalid) return error.message;
    throw error;
  }
}

describe("an offer of a real player", () => {
  test.each(OFFER_NAMES.map((name) => [name]))("is read: %s", async (name) => {
    const offer = parseOffer(await offerText(name));
    expect(offer.iceUfrag.length).toBeGreaterThanOrEqual(4);
    expect(offer.fingerprints).toHaveLength(name === "aiortc" ? 3 : 1);
    for (const media of offer.media.filter(({ kind }) => kind !== "application")) {
      expect(media.direction).toBe("recvonly");
      expect(media.codecs.length).toBeGreaterThan(0);
    }
  });

  test("has the transport of its tagged section, where each section has its own (aiortc 1.9)", async () => {
    const offer = parseOffer(await offerText("aiortc_balanced"));
    expect(offer.bundle).toEqual(["0", "1"]);
    expect([offer.iceUfrag, offer.icePwd]).toEqual(["csxL", "ixG7wVex73FI7sejSUTcuj"]);
    const swapped = (await offerText("aiortc_balanced")).replace("BUNDLE 0 1", "BUNDLE 1 0");
    expect(parseOffer(swapped).iceUfrag).toBe("93m3");
  });

  test("lists codecs in the player's order, with the RTX payload type of each", async () => {
    const video = videoOf(await offerText("chromium"));
    expect(video?.codecs[0]).toEqual({
      payloadType: 96,
      name: "VP8",
      clockRate: 90_000,
      channels: 1,
      fmtp: "",
      feedback: ["goog-remb", "transport-cc", "ccm fir", "nack", "nack pli"],
      rtxPayloadType: 97,
    });
    expect(video?.codecs.some(({ name }) => name === "RTX")).toBe(false);
  });

  test("is the same with LF and with CRLF", async () => {
    expect(parseOffer(await offerText("chromium_lf"))).toEqual(
      parseOffer(await offerText("chromium")),
    );
  });

  test("may end without a line end", () => {
    expect(parseOffer(changedOffer().trimEnd())).toEqual(parseOffer(changedOffer()));
  });

  test("may give fingerprint and ICE credentials to the whole session", async () => {
    const offer = parseOffer(await offerText("obs"));
    expect(offer.icePwd).toHaveLength(22);
    expect(offer.fingerprints[0]?.algorithm).toBe("sha-256");
    expect(offer.bundle).toEqual(["audio"]);
  });

  test("asks for NACK with a blank behind it (Pion)", async () => {
    expect(videoOf(await offerText("pion"))?.codecs[0]?.feedback).toContain("nack");
  });

  test("asks for feedback on all payload types at once", async () => {
    const video = videoOf(await offerText("max_bundle"));
    expect(video?.codecs.map(({ feedback }) => feedback)).toEqual([
      ["nack", "nack pli"],
      ["nack", "nack pli"],
    ]);
  });

  test("may have more than one blank before a value", () => {
    const text = changedOffer(["a=rtcp-fb:96 nack", "a=rtcp-fb:96   nack"]);
    expect(videoOf(text)?.codecs[0]?.feedback).toEqual(["nack"]);
  });

  test("brings its candidates, without RTCP components and names", async () => {
    const { candidates } = parseOffer(await offerText("pion"));
    expect(candidates.map(({ address }) => address)).toEqual(["192.0.2.2", "2001:db8::2"]);
  });

  test("keeps an m= line with port 0 and bundle-only, and counts one with port 0 alone as off", async () => {
    const offer = parseOffer(await offerText("max_bundle"));
    expect(offer.media.map(({ disabled }) => disabled)).toEqual([false, false, false]);
    const off = changedOffer([VIDEO, VIDEO.replace(" 9 ", " 0 ")], [BUNDLE, "a=group:BUNDLE 1"]);
    expect(parseOffer(off).media.map(({ disabled }) => disabled)).toEqual([true, false]);
  });
});

describe("an offer is accepted", () => {
  test.each([
    ["as it is", changedOffer()],
    ["with sendrecv", changedOffer([RECVONLY, "a=sendrecv"])],
    ["without a direction, which means sendrecv", changedOffer([RECVONLY, []])],
    ["over TCP", changedOffer([VIDEO, "m=video 9 TCP/DTLS/RTP/SAVPF 96 97"])],
    ["over TCP by its old name", changedOffer([VIDEO, "m=video 9 TCP/TLS/RTP/SAVPF 96 97"])],
    ["with setup:active", changedOffer().replaceAll("setup:actpass", "setup:active")],
    ["with sha-384", changedOffer().replaceAll(/sha-256 [^\r]+/g, `sha-384 ${hex(48)}`)],
    ["with sha-512", changedOffer().replaceAll(/sha-256 [^\r]+/g, `sha-512 ${hex(64)}`)],
    [
      "with a fingerprint we do not use beside one we do",
      changedOffer([FINGERPRINT, ["a=fingerprint:sha-1 00:11", FINGERPRINT]]),
    ],
    [
      "with a section off that would not pass",
      changedOffer([VIDEO, "m=video 0 RTP/AVP 96 97"], [BUNDLE, "a=group:BUNDLE 1"]),
    ],
    ["with blank lines and unknown lines", changedOffer(["s=-", ["s=-", "", "k=x", "a=zz:1"]])],
    ["with another group before the BUNDLE", changedOffer([BUNDLE, ["a=group:LS 0", BUNDLE]])],
    ["with 64 payload types", changedOffer([AUDIO, `${AUDIO} ${range(1, 64)}`])],
  ])("%s", (_, text) => {
    expect(verdict(text)).toBe("accepted");
  });
});

function hex(bytes: number): string {
  return Array.from({ length: bytes }, () => "0F").join(":");
}

function range(from: number, below: number): string {
  return Array.from({ length: below - from }, (_, i) => from + i).join(" ");
}

describe("an offer is refused, saying what was expected", () => {
  const extraMedia = Array.from({ length: 7 }, (_, i) => [
    `m=application 9 UDP/DTLS/SCTP x${i}`,
    `a=mid:x${i}`,
  ]).flat();

  test.each([
    ["empty", "", "it is empty"],
    ["words", "hello", "line 1 is not of the form"],
    ["not version 0", changedOffer(["v=0", "v=1"]), "line 1: expected v=0"],
    ["a body that starts elsewhere", changedOffer(["v=0", []]), "line 1: expected v=0"],
    ["no media at all", "v=0\r\ns=-\r\n", "no m= line"],
    ["a line without =", changedOffer(["s=-", "session"]), "line 3 is not of the form"],
    ["an upper case type", changedOffer(["s=-", "S=-"]), "line 3 is not of the form"],
    ["a control character", changedOffer(["s=-", "s=\u0000"]), "line 3 has a control character"],
    [
      "a carriage return inside a line",
      changedOffer([BASE_OFFER[15], `${BASE_OFFER[15]}\rm=evil`]),
      "line 16 has a control character",
    ],
    ["inactive", changedOffer([RECVONLY, "a=inactive"]), "a=inactive: expected a=recvonly"],
    ["sendonly", changedOffer([RECVONLY, "a=sendonly"]), "a=sendonly: expected a=recvonly"],
    [
      "inactive for the whole session",
      changedOffer(["t=0 0", "a=inactive"], [RECVONLY, []]),
      "the video m= line 6 is a=inactive",
    ],
    [
      "two video sections",
      changedOffer([AUDIO, "m=video 9 UDP/TLS/RTP/SAVPF 111"]),
      "more than one video m= line",
    ],
    [
      "two audio sections",
      changedOffer([VIDEO, "m=audio 9 UDP/TLS/RTP/SAVPF 96 97"]),
      "more than one audio m= line",
    ],
    [
      "a data channel alone",
      changedOffer([VIDEO, "m=application 9 UDP/DTLS/SCTP x"], [AUDIO, "m=text 9 RTP/AVP 1"]),
      "no open audio or video m= line",
    ],
    [
      "everything off",
      changedOffer([VIDEO, VIDEO.replace(" 9 ", " 0 ")], [AUDIO, AUDIO.replace(" 9 ", " 0 ")]),
      "no open audio or video m= line",
    ],
    ["plain RTP", changedOffer([VIDEO, "m=video 9 RTP/AVP 96"]), "expected the protocol"],
    ["no BUNDLE", changedOffer([BUNDLE, []]), "BUNDLE does not cover the m= line 5"],
    ["half a BUNDLE", changedOffer([BUNDLE, "a=group:BUNDLE 0"]), "does not cover the m= line 20"],
    ["no mid", changedOffer(["a=mid:1", []]), "does not cover the m= line 20"],
    ["an empty mid", changedOffer(["a=mid:1", "a=mid:"]), "a=mid on line 22"],
    ["a long mid", changedOffer(["a=mid:1", `a=mid:${"x".repeat(65)}`]), "a=mid on line 22"],
    ["one mid twice", changedOffer(["a=mid:1", "a=mid:0"]), "same a=mid"],
    ["no rtcp-mux", changedOffer(["a=rtcp-mux", []]), "line 6: a=rtcp-mux is missing"],
    ["no ufrag", changedOffer([UFRAG, []], [UFRAG, []]), "a=ice-ufrag is missing"],
    ["no pwd", changedOffer([PWD, []], [PWD, []]), "a=ice-pwd is missing"],
    ["a short ufrag", changedOffer([UFRAG, "a=ice-ufrag:abc"]), "expected 4 to 256"],
    ["a long ufrag", changedOffer([UFRAG, `${UFRAG}${"d".repeat(253)}`]), "expected 4 to 256"],
    ["a ufrag with a dash", changedOffer([UFRAG, "a=ice-ufrag:ab-d"]), "a=ice-ufrag on line 11"],
    ["a short pwd", changedOffer([PWD, PWD.slice(0, -1)]), "expected 22 to 256"],
    ["a long pwd", changedOffer([PWD, `${PWD}${"d".repeat(235)}`]), "expected 22 to 256"],
    [
      "no fingerprint",
      changedOffer([FINGERPRINT, []], [AUDIO_FINGERPRINT, []]),
      "a=fingerprint is missing",
    ],
    [
      "only a sha-1 fingerprint",
      changedOffer([FINGERPRINT, `a=fingerprint:sha-1 ${hex(20)}`], [AUDIO_FINGERPRINT, []]),
      "a=fingerprint is missing",
    ],
    [
      "a short fingerprint",
      changedOffer([FINGERPRINT, `a=fingerprint:sha-256 ${hex(31)}`]),
      "expected 32 hex bytes",
    ],
    [
      "a fingerprint that is no hex",
      changedOffer([FINGERPRINT, FINGERPRINT.replace("0a", "0g")]),
      "expected 32 hex bytes",
    ],
    [
      "setup:passive",
      changedOffer(["a=setup:actpass", "a=setup:passive"]),
      "expected actpass or active",
    ],
    [
      "setup:holdconn",
      changedOffer(["a=setup:actpass", "a=setup:holdconn"]),
      "expected actpass or active",
    ],
    [
      "no setup",
      changedOffer(["a=setup:actpass", []], ["a=setup:actpass", []]),
      "a=setup is missing",
    ],
    ["ICE-lite", changedOffer(["t=0 0", "a=ice-lite"]), "full ICE"],
    [
      "no payload type",
      changedOffer([VIDEO, "m=video 9 UDP/TLS/RTP/SAVPF"]),
      "line 6: expected m=",
    ],
    [
      "two blanks in an m= line",
      changedOffer([VIDEO, VIDEO.replace(" 96", "  96")]),
      "line 6: expe",
    ],
    [
      "letters of any script in an m= line",
      changedOffer([VIDEO, `${VIDEO} ü`]),
      "line 6: expected",
    ],
    ["a port of words", changedOffer([VIDEO, "m=video x UDP/TLS/RTP/SAVPF 96"]), "line 6"],
    ["9 m= lines", changedOffer([AUDIO, [...extraMedia, AUDIO]]), "more than 8 m= lines"],
    ["65 payload types", changedOffer([AUDIO, `${AUDIO} ${range(1, 65)}`]), "64 payload types"],
    [
      "9 fingerprints",
      changedOffer([FINGERPRINT, Array.from({ length: 9 }, () => FINGERPRINT)]),
      "more than 8 fingerprints",
    ],
    [
      "an fmtp of 2,000 characters",
      changedOffer([BASE_OFFER[15], `a=fmtp:96 ${"x".repeat(2000)}`]),
      "a=fmtp on line 16 has more than 1024",
    ],
    ["65,537 characters", changedOffer().padEnd(65_537, "a=x\n"), "more than 65536 characters"],
  ])("%s", (_, text, expected) => {
    expect(verdict(text)).toContain(expected);
  });

  test("without repeating what the player wrote", () => {
    expect(verdict(changedOffer([UFRAG, "a=ice-ufrag:<script>"]))).not.toContain("script");
  });
});

describe("what an offer may fill up stays bounded", () => {
  test("32 candidates are kept, names do not count", () => {
    const lines = Array.from({ length: 100 }, (_, i) => [
      `a=candidate:${i} 1 udp 1 name${i}.local 5000 typ host`,
      `a=candidate:${i} 1 udp 1 192.0.2.${i} 5000 typ host`,
    ]).flat();
    const text = changedOffer(
      ["a=mid:0", ["a=mid:0", ...lines]],
      ["a=mid:1", ["a=mid:1", ...lines]],
    );
    const { candidates } = parseOffer(text);
    expect(candidates).toHaveLength(32);
    expect(candidates[31]?.address).toBe("192.0.2.31");
  });

  test("16 feedback lines of a payload type are kept", () => {
    const lines = Array.from({ length: 500 }, (_, i) => `a=rtcp-fb:96 x${i}`);
    const text = changedOffer(["a=rtcp-fb:96 nack", ["a=rtcp-fb:96 nack", ...lines]]);
    expect(videoOf(text)?.codecs[0]?.feedback).toHaveLength(16);
  });
});

/** Characters the text functions of the language were given to look at while `run` ran. */
function charactersLookedAt(run: () => void): number {
  const prototype = String.prototype;
  const { indexOf, slice, split, charCodeAt, trim, trimEnd } = prototype;
  let looked = 0;
  prototype.indexOf = function (this: string, search: string, from?: number) {
    const found = indexOf.call(this, search, from);
    looked += (found < 0 ? this.length : found + 1) - (from ?? 0);
    return found;
  };
  prototype.slice = function (this: string, from?: number, to?: number) {
    const piece = slice.call(this, from, to);
    looked += piece.length;
    return piece;
  };
  const countedSplit = function (this: string, by: string, limit?: number): string[] {
    const parts: string[] = Reflect.apply(split, this, [by, limit]);
    looked += parts.join(by).length;
    return parts;
  };
  Object.assign(prototype, { split: countedSplit });
  prototype.charCodeAt = function (this: string, at: number) {
    looked += 1;
    return charCodeAt.call(this, at);
  };
  prototype.trim = function (this: string) {
    looked += this.length;
    return trim.call(this);
  };
  prototype.trimEnd = function (this: string) {
    looked += this.length;
    return trimEnd.call(this);
  };
  try {
    run();
  } finally {
    Object.assign(prototype, { indexOf, slice, split, charCodeAt, trim, trimEnd });
  }
  return looked;
}

describe("the work an offer makes", () => {
  const bombs: readonly [name: string, text: string][] = [
    ["5,000 payload types in one m= line", changedOffer([VIDEO, `${VIDEO} ${range(1000, 6000)}`])],
    ["attributes up to the limit", filled("a=rtpmap:96 H264/90000")],
    ["fmtp lines up to the limit", filled(`a=fmtp:96 ${"apt=96;".repeat(100)}`)],
    ["colons up to the limit", filled(`a=${":".repeat(1000)}`)],
    ["blanks up to the limit", filled(`a=candidate:${" ".repeat(1000)}`)],
    ["candidates up to the limit", filled("a=candidate:1 1 udp 1 ::1:::2 5000 typ host")],
    ["empty lines up to the limit", changedOffer().padEnd(65_536, "\n")],
    ["one long line", `${changedOffer()}a=${"x".repeat(60_000)}`],
  ];

  function filled(line: string): string {
    const room = 65_000 - changedOffer().length;
    return changedOffer() + `${line}\r\n`.repeat(Math.floor(room / (line.length + 2)));
  }

  test.each(bombs)("grows with its length only: %s", (_, text) => {
    const looked = charactersLookedAt(() => verdict(text));
    expect(looked).toBeGreaterThan(0);
    expect(looked).toBeLessThan(8 * text.length);
  });

  test("ends at the m= line that has too many payload types", () => {
    const line = `${VIDEO} ${range(1000, 6000)}`;
    const text = changedOffer([VIDEO, line]).padEnd(65_536, "a=x\n");
    expect(verdict(text)).toContain("line 6 has more than 64 payload types");
    // The line itself a few times, but not the 40,000 characters behind it.
    expect(charactersLookedAt(() => verdict(text))).toBeLessThan(6 * line.length);
  });
});

describe("a stranger's text", () => {
  test("of any kind is read or refused with OfferInvalid, never anything else", async () => {
    const random = seededRandom(8866);
    const texts = await Promise.all(OFFER_NAMES.map((name) => offerText(name)));
    let refused = 0;
    for (let i = 0; i < 6000; i++) {
      const text = i % 10 === 0 ? noise(random) : mutate(texts[i % texts.length] ?? "", random);
      if (verdict(text) !== "accepted") refused += 1;
    }
    expect(refused).toBeGreaterThan(1000);
    expect(refused).toBeLessThan(6000);
  });
});
