import { describe, expect, test } from "bun:test";
import { traceSettings } from "../../../src/tracing/environment.ts";

const ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT";
const settings = (env: Record<string, string>) =>
  traceSettings({ [ENDPOINT]: "http://collector:4318", ...env });

describe("whether spans are sent", () => {
  test("not unless a collector is named, and an empty name is none", () => {
    expect(traceSettings({})).toBeUndefined();
    expect(traceSettings({ [ENDPOINT]: " " })).toBeUndefined();
    expect(settings({})).toBeDefined();
  });

  test("not where the environment turns it off", () => {
    expect(settings({ OTEL_SDK_DISABLED: "TRUE" })).toBeUndefined();
    expect(settings({ OTEL_TRACES_EXPORTER: "none" })).toBeUndefined();
    expect(settings({ OTEL_SDK_DISABLED: "false" })).toBeDefined();
  });
});

describe("where spans are sent", () => {
  test("by HTTP to /v1/traces below the endpoint, or to exactly the endpoint for traces", () => {
    expect(settings({})?.url).toBe("http://collector:4318/v1/traces");
    expect(settings({ [ENDPOINT]: "https://c/otlp/" })?.url).toBe("https://c/otlp/v1/traces");
    expect(settings({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://t/here" })?.url).toBe(
      "http://t/here",
    );
  });

  test("by gRPC to a collector that is named without a scheme, with TLS only where asked for", () => {
    const grpc = { OTEL_EXPORTER_OTLP_PROTOCOL: "grpc", [ENDPOINT]: "otel-collector:4317" };
    expect(settings(grpc)).toMatchObject({ url: "http://otel-collector:4317", protocol: "grpc" });
    expect(settings({ ...grpc, OTEL_EXPORTER_OTLP_INSECURE: "false" })?.url).toBe(
      "https://otel-collector:4317",
    );
  });

  test("by the protocol for traces before the general one; an unknown one is said and left out", () => {
    const grpc = { OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" };
    const name = "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL";
    expect(settings({ ...grpc, [name]: "http/protobuf" })?.protocol).toBe("http/protobuf");
    const odd = settings({ OTEL_EXPORTER_OTLP_PROTOCOL: "http/json" });
    expect(odd?.protocol).toBe("http/protobuf");
    expect(odd?.warnings.join()).toContain("http/json");
  });
});

describe("which traces are kept", () => {
  test.each([
    ["always_on", {}, { parentBased: false, ratio: 1 }],
    ["always_off", {}, { parentBased: false, ratio: 0 }],
    ["traceidratio", { OTEL_TRACES_SAMPLER_ARG: "0.25" }, { parentBased: false, ratio: 0.25 }],
    ["parentbased_always_off", {}, { parentBased: true, ratio: 0 }],
    ["parentbased_traceidratio", {}, { parentBased: true, ratio: 1 }],
  ])("%s %j", (name, env: Record<string, string>, expected) => {
    const made = settings({ OTEL_TRACES_SAMPLER: name, ...env });
    expect(made?.sampler).toEqual(expected);
    expect(made?.warnings).toEqual([]);
  });

  test("all of them, and a warning, where the sampler or its argument is unknown", () => {
    const sampler = settings({ OTEL_TRACES_SAMPLER: "jaeger_remote" });
    expect(sampler?.sampler).toEqual({ parentBased: true, ratio: 1 });
    expect(sampler?.warnings).toHaveLength(1);
    const argument = settings({
      OTEL_TRACES_SAMPLER: "traceidratio",
      OTEL_TRACES_SAMPLER_ARG: "7",
    });
    expect(argument?.sampler.ratio).toBe(1);
    expect(argument?.warnings).toHaveLength(1);
  });
});

describe("how much waits for the collector", () => {
  test("is what the environment says, and never without bound", () => {
    expect(settings({})?.batch.maxQueueSize).toBe(2048);
    const small = settings({ OTEL_BSP_MAX_QUEUE_SIZE: "100" });
    expect(small?.batch).toMatchObject({ maxQueueSize: 100, maxExportBatchSize: 100 });
    for (const value of ["0", "-1", "1e9", "many", "1.5"]) {
      const odd = settings({ OTEL_BSP_MAX_QUEUE_SIZE: value });
      expect(odd?.batch.maxQueueSize).toBe(2048);
      expect(odd?.warnings).toHaveLength(1);
    }
  });
});
