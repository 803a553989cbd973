import { describe, expect, test } from "bun:test";
import { isIpAddress, parseCandidate } from "../../../../src/wire/sdp/candidate.ts";
import { hostPriority } from "../../../../src/wire/sdp/local-ice.ts";

describe("a candidate line", () => {
  test.each([
    [
      "1 1 udp 2122260223 192.0.2.1 61764 typ host generation 0 ufrag EsAw network-id 1",
      { address: "192.0.2.1", port: 61764, protocol: "udp", type: "host" },
    ],
    [
      "2 1 UDP 1686052607 203.0.113.9 4000 typ srflx raddr 10.0.0.1 rport 9",
      { address: "203.0.113.9", port: 4000, protocol: "udp", type: "srflx" },
    ],
    [
      "3 1 tcp 1518280447 2001:db8::1 9 typ host tcptype active",
      { address: "2001:db8::1", port: 9, protocol: "tcp", type: "host" },
    ],
    [
      "4 1 udp 1 198.51.100.1 1 typ relay",
      { address: "198.51.100.1", port: 1, protocol: "udp", type: "relay" },
    ],
  ] as const)("gives address, port, protocol and type: %s", (value, expected) => {
    expect(parseCandidate(value)).toEqual(expected);
  });

  test.each([
    ["an mDNS name", "1 1 udp 1 3f2b0f0e-6d5c-4f0e-8d0a-2a8c1f6b7e21.local 5000 typ host"],
    ["a host name", "1 1 udp 1 viewer.invalid 5000 typ host"],
    ["another transport", "1 1 sctp 1 192.0.2.1 5000 typ host"],
    ["RTCP on its own", "1 2 udp 1 192.0.2.1 5001 typ host"],
    ["an unknown type", "1 1 udp 1 192.0.2.1 5000 typ magic"],
    ["an address in brackets", "1 1 udp 1 [2001:db8::1] 5000 typ host"],
  ])("is of no use, but no error, with %s", (_, value) => {
    expect(parseCandidate(value)).toBe("unsupported");
  });

  test.each([
    ["nothing", ""],
    ["a word", "hello"],
    ["no type", "1 1 udp 1 192.0.2.1 5000 typ"],
    ["no typ", "1 1 udp 1 192.0.2.1 5000 host host"],
    ["a port too high", "1 1 udp 1 192.0.2.1 65536 typ host"],
    ["a negative port", "1 1 udp 1 192.0.2.1 -1 typ host"],
    ["a priority of words", "1 1 udp high 192.0.2.1 5000 typ host"],
    ["a component too high", "1 257 udp 1 192.0.2.1 5000 typ host"],
    ["2,000 characters", `${"1".repeat(2000)} 1 udp 1 192.0.2.1 5000 typ host`],
  ])("is malformed with %s", (_, value) => {
    expect(parseCandidate(value)).toBe("malformed");
  });
});

describe("an IP address", () => {
  test.each([
    "0.0.0.0",
    "255.255.255.255",
    "::",
    "::1",
    "1::",
    "2001:db8::1",
    "1:2:3:4:5:6:7:8",
    "1:2:3:4:5:6:7::",
    "::ffff:192.0.2.1",
    "64:ff9b::192.0.2.1",
    "1:2:3:4:5:6:192.0.2.1",
  ])("is accepted: %s", (text) => {
    expect(isIpAddress(text)).toBe(true);
  });

  test.each([
    "",
    "1.2.3",
    "1.2.3.4.5",
    "1.2.3.256",
    "1.2.3.",
    "0001.2.3.4",
    "a.b.c.d",
    ":",
    ":::",
    "1::2::3",
    "1:2:3::4:5:6::7:8",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7:8::",
    "12345::",
    "g::",
    "fe80::1%eth0",
    "::192.0.2.256",
    "192.0.2.1::",
    "1:2:3:4:5:6:7:192.0.2.1",
    "localhost",
  ])("is refused: %s", (text) => {
    expect(isIpAddress(text)).toBe(false);
  });
});

test("the first host address has the highest priority there is for one (RFC 8445 §5.1.2.1)", () => {
  expect(hostPriority(0)).toBe(2_130_706_431);
  expect(hostPriority(1)).toBe(2_130_706_175);
});
