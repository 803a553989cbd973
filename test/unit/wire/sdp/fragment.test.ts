import { describe, expect, test } from "bun:test";
import { FragmentInvalid } from "../../../../src/errors/viewer.ts";
import { parseFragment, writeFragment } from "../../../../src/wire/sdp/fragment.ts";
import { LOCAL, mutate, noise, seededRandom } from "./fixtures.ts";

const CREDENTIALS = ["a=ice-ufrag:EsAw", "a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1"];
const CANDIDATE = "a=candidate:1 1 udp 2122260223 192.0.2.1 61764 typ host generation 0";

const TRICKLE = [
  "a=group:BUNDLE 0 1",
  "m=audio 9 UDP/TLS/RTP/SAVPF 111",
  "a=mid:0",
  ...CREDENTIALS,
  CANDIDATE,
  "a=candidate:2 1 udp 2122194687 198.51.100.2 61765 typ host",
  "a=candidate:3 1 tcp 1518280447 192.0.2.1 9 typ host tcptype active",
  "a=end-of-candidates",
];

function text(lines: readonly string[], end = "\r\n"): string {
  return lines.map((line) => line + end).join("");
}

function verdict(fragment: string): string {
  try {
    parseFragment(fragment);
    return "accepted";
  } catch (error) {
    if (error instanceof FragmentInvalid) return error.message;
    throw error;
  }
}

describe("a fragment of a player", () => {
  test("gives credentials, candidates, mids and the end of candidates", () => {
    const fragment = parseFragment(text(TRICKLE));
    expect(fragment.iceUfrag).toBe("EsAw");
    expect(fragment.icePwd).toBe("P2uYro0UCOQ4zxjKXaWCBui1");
    expect(fragment.mids).toEqual(["0"]);
    expect(fragment.endOfCandidates).toBe(true);
    expect(fragment.candidates.map(({ address, protocol }) => [address, protocol])).toEqual([
      ["192.0.2.1", "udp"],
      ["198.51.100.2", "udp"],
      ["192.0.2.1", "tcp"],
    ]);
  });

  test("is the same with LF", () => {
    expect(parseFragment(text(TRICKLE, "\n"))).toEqual(parseFragment(text(TRICKLE)));
  });

  test("may have credentials before its m= line (RFC 8840 §9.2)", () => {
    const fragment = parseFragment(text([...CREDENTIALS, "m=video 9 RTP/AVP 0", "a=mid:0"]));
    expect(fragment.iceUfrag).toBe("EsAw");
    expect(fragment.candidates).toEqual([]);
    expect(fragment.endOfCandidates).toBe(false);
  });

  test("may have candidates only", () => {
    const fragment = parseFragment(text([CANDIDATE]));
    expect(fragment.iceUfrag).toBeUndefined();
    expect(fragment.candidates).toHaveLength(1);
  });

  test("loses candidates we cannot use without an error", () => {
    const fragment = parseFragment(
      text([
        ...CREDENTIALS,
        "a=candidate:1 1 sctp 1 192.0.2.1 5000 typ host",
        "a=candidate:2 1 udp 1 viewer.invalid 5000 typ host",
        "a=candidate:3 1 udp 1 3f2b0f0e.local 5000 typ host",
      ]),
    );
    expect(fragment.candidates).toEqual([]);
  });

  test("ends its candidates with an empty one, as browsers do", () => {
    expect(parseFragment(text(["a=candidate:"])).endOfCandidates).toBe(true);
  });

  test("may repeat its credentials per section, and name a mid twice", () => {
    const fragment = parseFragment(
      text([
        ...["m=video 9 RTP/AVP 0", "a=mid:0", ...CREDENTIALS],
        ...["m=audio 9 RTP/AVP 0", "c=IN IP4 0.0.0.0", "a=mid:1", ...CREDENTIALS, "a=mid:0"],
      ]),
    );
    expect(fragment.mids).toEqual(["0", "1"]);
  });

  test("keeps 32 candidates", () => {
    const candidates = Array.from({ length: 100 }, () => CANDIDATE);
    expect(parseFragment(text(candidates)).candidates).toHaveLength(32);
  });
});

describe("a fragment is refused, saying what was expected", () => {
  test.each([
    ["empty", [], "expected a=candidate"],
    ["words", ["hello"], "line 1 is not of the form"],
    ["nothing in it", ["m=video 9 RTP/AVP 0", "a=mid:0"], "expected a=candidate"],
    ["a whole SDP", ["v=0", ...TRICKLE], "line 1: a fragment has only"],
    ["a ufrag alone", ["a=ice-ufrag:EsAw", CANDIDATE], "belong together"],
    ["a pwd alone", ["a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1"], "belong together"],
    ["an empty pwd", ["a=ice-ufrag:EsAw", "a=ice-pwd:"], "expected 22 to 256"],
    ["a short ufrag", ["a=ice-ufrag:E", "a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1"], "expected 4 to 256"],
    ["two ufrags", [...CREDENTIALS, "a=ice-ufrag:EsAx"], "differs from the one before"],
    ["two pwds", [...CREDENTIALS, "a=ice-pwd:Q2uYro0UCOQ4zxjKXaWCBui1"], "line 3 differs"],
    ["a broken candidate", ["a=candidate:hello"], "a=candidate on line 1"],
    ["an empty mid", [CANDIDATE, "a=mid:"], "a=mid on line 2"],
    ["a control character", [CANDIDATE, "a=mid:\u0001"], "line 2 has a control character"],
    [
      "9 m= lines",
      [CANDIDATE, ...Array.from({ length: 9 }, () => "m=video 9 RTP/AVP 0")],
      "more than 8 m= lines",
    ],
    [
      "9 mids",
      [CANDIDATE, ...Array.from({ length: 9 }, (_, i) => `a=mid:${i}`)],
      "more than 8 mids",
    ],
    ["70,000 characters", [CANDIDATE.padEnd(70_000, "x")], "more than 65536 characters"],
  ] as const)("%s", (_, lines, expected) => {
    expect(verdict(text(lines))).toContain(expected);
  });

  test("or read, whatever a stranger sends, never with another error", () => {
    const random = seededRandom(8840);
    let refused = 0;
    for (let i = 0; i < 6000; i++) {
      const fragment = i % 10 === 0 ? noise(random) : mutate(text(TRICKLE), random);
      if (verdict(fragment) !== "accepted") refused += 1;
    }
    expect(refused).toBeGreaterThan(1000);
    expect(refused).toBeLessThan(6000);
  });
});

describe("the answer to an ICE restart", () => {
  test("has our new credentials and all candidates under the tagged section", () => {
    expect(writeFragment({ ...LOCAL, mid: "0", kind: "video", bundle: ["0", "1"] })).toBe(
      text([
        "a=ice-lite",
        "a=ice-options:trickle ice2",
        "a=group:BUNDLE 0 1",
        "m=video 9 UDP/TLS/RTP/SAVPF 0",
        "a=mid:0",
        "a=ice-ufrag:srvUfrag",
        "a=ice-pwd:serverPasswordOf24Chars+",
        "a=candidate:1 1 udp 2130706431 203.0.113.7 8189 typ host",
        "a=candidate:2 1 udp 2130706175 2001:db8::7 8189 typ host",
        "a=end-of-candidates",
      ]),
    );
  });

  test("can be read back", () => {
    const fragment = parseFragment(writeFragment({ ...LOCAL, mid: "v", kind: "video" }));
    expect(fragment.iceUfrag).toBe(LOCAL.iceUfrag);
    expect(fragment.mids).toEqual(["v"]);
    expect(fragment.candidates.map(({ address }) => address)).toEqual([
      "203.0.113.7",
      "2001:db8::7",
    ]);
  });

  test("has neither mid nor group for a section that has no mid", () => {
    const answer = writeFragment({ ...LOCAL, mid: "", kind: "audio" });
    expect(answer).not.toContain("a=mid");
    expect(answer).not.toContain("BUNDLE");
  });
});
