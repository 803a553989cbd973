/** OpenTelemetry tracing of the real server, read by a small collector, by gRPC and by HTTP. */
import { afterEach, describe, expect, test } from "bun:test";
import { type OtlpReceiver, otlpReceiver } from "../support/otlp-receiver.ts";
import { startServer, untilLive } from "../support/start-server.ts";
import { testSource } from "../support/test-sources.ts";
import { moreMedia } from "../support/watching.ts";
import { until, WhepPlayer } from "../support/whep-player.ts";

const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of cleanUp.splice(0).reverse()) await end();
});

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT = "00f067aa0ba902b7";

async function traced(env: Record<string, string>) {
  const server = await startServer({
    processes: [testSource("cam")],
    env: { OTEL_BSP_SCHEDULE_DELAY: "200", OTEL_SERVICE_NAME: "studio", ...env },
  });
  cleanUp.push(() => server.stop());
  return server;
}

const span = (collector: OtlpReceiver, name: string) =>
  collector.spans.find((candidate) => candidate.name === name);

async function untilSpan(collector: OtlpReceiver, name: string) {
  await until(() => span(collector, name) !== undefined, 10_000, `the span ${name}`);
  return span(collector, name)!;
}

describe.each(["grpc", "http/protobuf"] as const)("tracing by %s", (protocol) => {
  test("a viewer's way is one trace, from the client's request to DTLS", async () => {
    const collector = await otlpReceiver(protocol);
    cleanUp.push(() => collector.close());
    const server = await traced({
      // As many a guide prints it for gRPC: without a scheme.
      OTEL_EXPORTER_OTLP_ENDPOINT: `${protocol === "grpc" ? "" : "http://"}${collector.address}`,
      OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
      OTEL_EXPORTER_OTLP_HEADERS: "x-tenant=blue",
      OTEL_RESOURCE_ATTRIBUTES: "deployment.environment=lab",
    });
    await untilLive(server, "cam");
    const player = await WhepPlayer.play({ url: server.whep("cam"), rtx: false });
    await moreMedia(player);
    const post = await untilSpan(collector, "HTTP POST /api/v3/whep/:id");
    const play = await untilSpan(collector, "whep.play");
    const ice = await untilSpan(collector, "ice");
    const dtls = await untilSpan(collector, "dtls");
    expect(post.attributes).toMatchObject({
      "http.method": "POST",
      "http.status_code": 201,
      "http.route": "/api/v3/whep/:id",
    });
    expect(play).toMatchObject({ traceId: post.traceId, parentId: post.spanId, failed: false });
    expect(play.attributes).toMatchObject({ room: "cam", "connection.type": "direct" });
    expect(play.attributes["sdp.size"]).toBeGreaterThan(200);
    for (const child of [ice, dtls]) {
      expect(child).toMatchObject({ traceId: post.traceId, parentId: play.spanId, failed: false });
      expect(child.startMs).toBeGreaterThanOrEqual(play.startMs);
      expect(child.endMs).toBeLessThanOrEqual(play.endMs);
    }
    expect(ice.events).toContain("first_stun");
    expect(dtls.startMs).toBe(ice.endMs);
    expect(play.resource).toMatchObject({
      "service.name": "studio",
      "deployment.environment": "lab",
    });
    expect(collector.headers()["x-tenant"]).toBe("blue");
    const joined = server.log().find(({ msg }) => msg === "viewer joins");
    expect(joined).toMatchObject({ stream: "cam", trace: post.traceId });
    expect(joined?.["peer"]).toBe(play.attributes["session.id"]!);
    await player.close();
    await server.stop();
    expect(span(collector, "room.create")?.attributes).toMatchObject({ room: "cam" });
    expect(span(collector, "room.close")?.attributes).toMatchObject({ room: "cam" });
    expect(span(collector, "process.start")?.attributes).toMatchObject({ "process.id": "cam" });
    expect(span(collector, "process.stop")).toBeDefined();
  }, 60_000);

  test("a caller's trace goes on, its decision not to sample is kept", async () => {
    const collector = await otlpReceiver(protocol);
    cleanUp.push(() => collector.close());
    const server = await traced({
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT:
        protocol === "grpc"
          ? `http://${collector.address}`
          : `http://${collector.address}/v1/traces`,
      OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
    });
    const get = async (path: string, flags: string) => {
      const traceparent = `00-${TRACE}-${PARENT}-${flags}`;
      return await fetch(`${server.url}${path}`, { headers: { traceparent } });
    };
    await get("/api/v3/webrtc/streams", "00");
    const answer = await get("/no/such/page", "01");
    expect(answer.headers.get("traceresponse")).toStartWith(`00-${TRACE}-`);
    const notFound = await untilSpan(collector, "HTTP GET");
    expect(notFound).toMatchObject({ traceId: TRACE, parentId: PARENT });
    expect(notFound.attributes["http.status_code"]).toBe(404);
    expect(answer.headers.get("traceresponse")).toContain(notFound.spanId);
    expect(span(collector, "HTTP GET /api/v3/webrtc/streams")).toBeUndefined();
  }, 60_000);
});

describe("tracing", () => {
  test("an offer that is refused fails its span", async () => {
    const collector = await otlpReceiver("http/protobuf");
    cleanUp.push(() => collector.close());
    const server = await traced({ OTEL_EXPORTER_OTLP_ENDPOINT: `http://${collector.address}` });
    const headers = { "content-type": "application/sdp" };
    await fetch(server.whep("cam"), { method: "POST", headers, body: "v=0" });
    const play = await untilSpan(collector, "whep.play");
    expect(play).toMatchObject({ failed: true });
    expect(play.attributes).toMatchObject({ room: "cam", "sdp.size": 3 });
  }, 60_000);

  test("a collector that is away costs viewers nothing, and is logged once", async () => {
    const server = await traced({
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9",
      OTEL_EXPORTER_OTLP_TIMEOUT: "300",
    });
    await untilLive(server, "cam");
    const player = await WhepPlayer.play({ url: server.whep("cam"), rtx: false });
    await moreMedia(player);
    const complaints = () => server.log().filter(({ msg }) => msg === "spans were not sent");
    await until(() => complaints().length > 0, 10_000, "the complaint");
    for (let i = 0; i < 20; i++) await fetch(`${server.url}/healthz`);
    await moreMedia(player, 100);
    expect(complaints()).toHaveLength(1);
    await player.close();
    expect(await server.stop()).toBe(0);
  }, 60_000);

  test("is off where no collector is named, and then no header speaks of it", async () => {
    const server = await traced({});
    const answer = await fetch(`${server.url}/healthz`);
    expect(answer.headers.get("traceresponse")).toBeNull();
    expect(answer.headers.get("x-request-id")).toMatch(/^[0-9a-f]{16}$/);
    expect(server.log().some(({ msg }) => msg === "tracing")).toBe(false);
  }, 60_000);
});
