/** OpenTelemetry's SDK put together: where spans go, which are kept, and what is known of this server. */
import { DiagLogLevel, diag, type Tracer } from "@opentelemetry/api";
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
} from "@opentelemetry/resources";
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  type Sampler,
  type SpanExporter,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import {
  ATTR_SERVICE_INSTANCE_ID,
  ATTR_SERVICE_NAME,
  ATTR_SERVICE_VERSION,
} from "@opentelemetry/semantic-conventions";
import type { SamplerChoice, TraceSettings } from "./environment.ts";

export interface ProviderOptions {
  readonly settings: TraceSettings;
  readonly version: string;
  readonly coreId: string;
  /** Told what the SDK has to complain of; a collector that is away is such a thing. */
  readonly onProblem: (problem: string) => void;
}

export interface Provider {
  readonly tracer: Tracer;
  /** Sends what is left. */
  close(): Promise<void>;
}

/** Starts nothing that keeps the process alive. */
export async function openProvider(options: ProviderOptions): Promise<Provider> {
  const { settings, version, coreId, onProblem } = options;
  const complain = (message: string) => onProblem(sentenceOf(message));
  diag.setLogger(
    { error: complain, warn: complain, info: () => {}, debug: () => {}, verbose: () => {} },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
  const own = resourceFromAttributes({
    [ATTR_SERVICE_NAME]: "dragonfork",
    [ATTR_SERVICE_VERSION]: version,
    ...(coreId !== "" && { [ATTR_SERVICE_INSTANCE_ID]: coreId }),
  });
  const provider = new TracerProvider({
    // The environment (OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES) has the last word.
    resource: defaultResource()
      .merge(own)
      .merge(detectResources({ detectors: [envDetector] })),
    sampler: samplerFor(settings.sampler),
    spanProcessors: [
      new BatchSpanProcessor({ exporter: await exporterFor(settings), ...settings.batch }),
    ],
  });
  return {
    tracer: provider.getTracer("dragonfork", version),
    close: () => provider.shutdown(),
  };
}

/** An error of an exporter comes as JSON, with its stack and more. */
function sentenceOf(text: string): string {
  try {
    const { message } = JSON.parse(text) as { message?: unknown };
    return typeof message === "string" ? message : text;
  } catch {
    return text;
  }
}

async function exporterFor({ url, protocol }: TraceSettings): Promise<SpanExporter> {
  if (protocol === "grpc") {
    // require, not import: the package's ES module looks for grpc-js in a way that no bundler follows.
    const grpc: typeof import("@opentelemetry/exporter-trace-otlp-grpc") = require("@opentelemetry/exporter-trace-otlp-grpc");
    return new grpc.OTLPTraceExporter({ url });
  }
  const http = await import("@opentelemetry/exporter-trace-otlp-proto");
  return new http.OTLPTraceExporter({ url });
}

function samplerFor({ parentBased, ratio }: SamplerChoice): Sampler {
  const root = rootSampler(ratio);
  return parentBased ? new ParentBasedSampler({ root }) : root;
}

function rootSampler(ratio: number): Sampler {
  if (ratio === 1) return new AlwaysOnSampler();
  return ratio === 0 ? new AlwaysOffSampler() : new TraceIdRatioBasedSampler(ratio);
}
