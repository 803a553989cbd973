/** Offers as recorded from browsers, and changed in one point each. */
import { readFileSync } from "node:fs";

const read = (name: string) =>
  readFileSync(new URL(`../../fixtures/sdp/${name}`, import.meta.url), "utf8");

export const CHROMIUM = read("chromium_offer.sdp");
export const FIREFOX = read("firefox_offer.sdp");

/** An offer of one video section with this codec. */
export function videoOffer(
  codec: "H264" | "VP8",
  changes: readonly [string, string][] = [],
): string {
  const fmtp = codec === "H264" ? ["a=fmtp:102 packetization-mode=1;profile-level-id=42e01f"] : [];
  const lines = [
    "v=0",
    "o=- 1 2 IN IP4 127.0.0.1",
    "s=-",
    "t=0 0",
    "a=group:BUNDLE 0",
    "m=video 9 UDP/TLS/RTP/SAVPF 102",
    "c=IN IP4 0.0.0.0",
    "a=mid:0",
    "a=recvonly",
    "a=rtcp-mux",
    "a=setup:actpass",
    "a=ice-ufrag:EsAw",
    "a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1",
    `a=fingerprint:sha-256 ${"AB:".repeat(31)}AB`,
    `a=rtpmap:102 ${codec}/90000`,
    ...fmtp,
  ];
  const text = `${lines.join("\r\n")}\r\n`;
  return changes.reduce((sdp, [from, to]) => sdp.replace(from, to), text);
}

export function fragment(ufrag: string, pwd: string, candidates: readonly string[] = []): string {
  const lines = [
    `a=ice-ufrag:${ufrag}`,
    `a=ice-pwd:${pwd}`,
    "m=video 9 UDP/TLS/RTP/SAVPF 0",
    "a=mid:0",
    ...candidates.map((candidate) => `a=candidate:${candidate}`),
  ];
  return `${lines.join("\r\n")}\r\n`;
}

/** The credentials that videoOffer() has. */
export const OFFERED = { ufrag: "EsAw", pwd: "P2uYro0UCOQ4zxjKXaWCBui1" } as const;
export const HOST_CANDIDATE = "1 1 udp 2130706431 203.0.113.9 50123 typ host";
