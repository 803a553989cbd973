import { describe, expect, test } from "bun:test";
import { candidateAddresses } from "../../../src/transport/local-addresses.ts";

const interfaces = [
  { address: "127.0.0.1", internal: true },
  { address: "::1", internal: true },
  { address: "10.0.0.5", internal: false },
  { address: "fe80::1", internal: false },
  { address: "169.254.7.7", internal: false },
  { address: "2001:db8::5", internal: false },
];
const addresses = (options: Partial<Parameters<typeof candidateAddresses>[0]>) =>
  candidateAddresses({ configured: [], interfaces, httpOnLoopback: false, ...options });

describe("candidate addresses", () => {
  test("what is configured is taken as it is", () => {
    expect(addresses({ configured: ["203.0.113.1"], httpOnLoopback: true })).toEqual([
      "203.0.113.1",
    ]);
  });

  test("the routable addresses of the interfaces serve otherwise", () => {
    expect(addresses({})).toEqual(["10.0.0.5", "2001:db8::5"]);
  });

  test("loopback comes first where the pages are on loopback, and where there is nothing else", () => {
    expect(addresses({ httpOnLoopback: true }).slice(0, 2)).toEqual(["127.0.0.1", "::1"]);
    expect(addresses({ interfaces: interfaces.slice(0, 2) })).toEqual(["127.0.0.1", "::1"]);
  });
});
