import { afterEach, describe, expect, jest, spyOn, test } from "bun:test";
import { browserModule } from "../../support/browser-module.ts";

const client = await browserModule<{
  retryAfterSeconds: (value: string | null, nowMs: number) => number | undefined;
  withStereo: (sdp: string) => string;
  iceServersFromLink: (header: string | null) => object[];
  serverAddresses: (sdp: string) => string[];
  WhepSession: new (options: object) => { open(): Promise<void> };
}>("whep-client");

describe("Retry-After", () => {
  test("may be seconds or a date", () => {
    const nowMs = Date.parse("2026-01-01T00:00:00Z");
    expect(client.retryAfterSeconds("7", nowMs)).toBe(7);
    expect(client.retryAfterSeconds("Thu, 01 Jan 2026 00:00:09 GMT", nowMs)).toBe(9);
    expect(client.retryAfterSeconds("Wed, 31 Dec 2025 00:00:00 GMT", nowMs)).toBe(0);
  });

  test("is unknown when it is missing or nonsense", () => {
    expect(client.retryAfterSeconds(null, 0)).toBeUndefined();
    expect(client.retryAfterSeconds("soon", 0)).toBeUndefined();
  });
});

describe("asking for stereo", () => {
  const offer = (fmtp: string) =>
    `v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111 63\r\na=rtpmap:111 opus/48000/2\r\n${fmtp}a=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\n`;

  test("adds stereo=1 to the Opus parameters only", () => {
    const changed = client.withStereo(offer("a=fmtp:111 minptime=10;useinbandfec=1\r\n"));
    expect(changed).toBe(offer("a=fmtp:111 minptime=10;useinbandfec=1;stereo=1\r\n"));
  });

  test("makes the line where the offer has none", () => {
    expect(client.withStereo(offer(""))).toBe(offer("a=fmtp:111 stereo=1\r\n"));
  });

  test("leaves an offer alone that already says it, or has no Opus", () => {
    const firefox = offer("a=fmtp:111 maxplaybackrate=48000;stereo=1;useinbandfec=1\r\n");
    expect(client.withStereo(firefox)).toBe(firefox);
    const onlyInSend = offer("a=fmtp:111 sprop-stereo=1\r\n");
    expect(client.withStereo(onlyInSend)).toContain("sprop-stereo=1;stereo=1\r\n");
    expect(client.withStereo("v=0\r\n")).toBe("v=0\r\n");
  });
});

describe("the Link header", () => {
  test("gives STUN and TURN servers with their credentials", () => {
    const header =
      '<stun:stun.example.net>; rel="ice-server", ' +
      '<turn:turn.example.net?transport=udp>; rel="ice-server"; username="us,er"; credential="pa;ss"; credential-type="password"';
    expect(client.iceServersFromLink(header)).toEqual([
      { urls: "stun:stun.example.net" },
      { urls: "turn:turn.example.net?transport=udp", username: "us,er", credential: "pa;ss" },
    ]);
  });

  test("ignores other relations and a missing header", () => {
    expect(client.iceServersFromLink('</x>; rel="next"')).toEqual([]);
    expect(client.iceServersFromLink(null)).toEqual([]);
  });
});

test("the server's addresses are those of its candidates, each once", () => {
  const line = (address: string) => `a=candidate:1 1 UDP 1 ${address} 8189 typ host\r\n`;
  const sdp = `${line("192.0.2.1")}${line("2001:db8::1")}${line("192.0.2.1")}`;
  expect(client.serverAddresses(sdp)).toEqual(["192.0.2.1:8189", "[2001:db8::1]:8189"]);
});

describe("the request for a session", () => {
  class NoConnection {
    addEventListener() {}
    addTransceiver() {}
    async createOffer() {
      return { sdp: "v=0" };
    }
  }
  const globals = globalThis as { RTCPeerConnection?: unknown };
  const open = () => {
    globals.RTCPeerConnection = NoConnection;
    return new client.WhepSession({ endpoint: "http://player.test/whep" }).open();
  };

  afterEach(() => {
    delete globals.RTCPeerConnection;
    jest.restoreAllMocks();
    jest.useRealTimers();
  });

  test("needs no AbortSignal.any, which browsers of 2023 lack", async () => {
    spyOn(AbortSignal, "any").mockImplementation(() => {
      throw new TypeError("AbortSignal.any is not a function");
    });
    spyOn(globalThis, "fetch").mockResolvedValue(new Response("", { status: 404 }));
    await expect(open()).rejects.toMatchObject({ kind: "stream-not-found" });
  });

  test("is given up after twelve seconds without an answer", async () => {
    jest.useFakeTimers();
    const never = (_url: unknown, { signal }: { signal: AbortSignal }) =>
      new Promise<Response>((_, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason));
      });
    spyOn(globalThis, "fetch").mockImplementation(never as unknown as typeof fetch);
    const turns = async () => {
      for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    };
    let kind = "waiting";
    open().catch((failure: { kind: string }) => {
      kind = failure.kind;
    });
    await turns();
    jest.advanceTimersByTime(11_999);
    await turns();
    expect(kind).toBe("waiting");
    jest.advanceTimersByTime(1);
    await turns();
    expect(kind).toBe("no-answer");
  });
});
