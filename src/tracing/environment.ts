/**
 * What OpenTelemetry's environment variables ask for. Headers, timeouts, compression, certificates and the
 * resource are read by its own packages; here is what those leave to their user.
 */

export type OtlpProtocol = "grpc" | "http/protobuf";

export interface SamplerChoice {
  /** Follow the decision of whoever called, where somebody did. */
  readonly parentBased: boolean;
  /** 0 to 1. */
  readonly ratio: number;
}

export interface BatchLimits {
  readonly scheduledDelayMillis: number;
  readonly exportTimeoutMillis: number;
  readonly maxQueueSize: number;
  readonly maxExportBatchSize: number;
}

export interface TraceSettings {
  readonly url: string;
  readonly protocol: OtlpProtocol;
  readonly sampler: SamplerChoice;
  readonly batch: BatchLimits;
  /** One sentence for each variable that is not understood and therefore not followed. */
  readonly warnings: readonly string[];
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** A queue of more than this is no bound. */
const QUEUE_MAX = 65_536;
const MILLIS_MAX = 600_000;

/** What to do; undefined where tracing is off, which it is unless a collector is named. */
export function traceSettings(env: Environment): TraceSettings | undefined {
  const forTraces = value(env, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
  const endpoint = forTraces ?? value(env, "OTEL_EXPORTER_OTLP_ENDPOINT");
  const disabled = value(env, "OTEL_SDK_DISABLED")?.toLowerCase() === "true";
  if (endpoint === undefined || disabled || value(env, "OTEL_TRACES_EXPORTER") === "none") {
    return undefined;
  }
  const warnings: string[] = [];
  const protocol = protocolOf(env, warnings);
  const base = withScheme(endpoint, env);
  const url = protocol === "grpc" || forTraces !== undefined ? base : tracesUrl(base);
  return {
    url,
    protocol,
    sampler: samplerOf(env, warnings),
    batch: batchOf(env, warnings),
    warnings,
  };
}

/** Empty counts as not set, as the OpenTelemetry specification has it. */
function value(env: Environment, name: string): string | undefined {
  const text = env[name]?.trim();
  return text === "" ? undefined : text;
}

function protocolOf(env: Environment, warnings: string[]): OtlpProtocol {
  const name =
    value(env, "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL") ?? value(env, "OTEL_EXPORTER_OTLP_PROTOCOL");
  if (name === "grpc" || name === "http/protobuf") return name;
  if (name !== undefined) {
    warnings.push(`OTEL_EXPORTER_OTLP_PROTOCOL is ${name}; http/protobuf is used. Known: grpc.`);
  }
  return "http/protobuf";
}

/** `collector:4317` is a collector without TLS, unless OTEL_EXPORTER_OTLP_INSECURE says otherwise. */
function withScheme(endpoint: string, env: Environment): string {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(endpoint)) return endpoint;
  const insecure =
    value(env, "OTEL_EXPORTER_OTLP_TRACES_INSECURE") ?? value(env, "OTEL_EXPORTER_OTLP_INSECURE");
  return `${insecure?.toLowerCase() === "false" ? "https" : "http"}://${endpoint}`;
}

function tracesUrl(base: string): string {
  return `${base.replace(/\/+$/, "")}/v1/traces`;
}

function samplerOf(env: Environment, warnings: string[]): SamplerChoice {
  const name = value(env, "OTEL_TRACES_SAMPLER") ?? "parentbased_always_on";
  const parentBased = name.startsWith("parentbased_");
  switch (name.replace("parentbased_", "")) {
    case "always_on":
      return { parentBased, ratio: 1 };
    case "always_off":
      return { parentBased, ratio: 0 };
    case "traceidratio":
      return { parentBased, ratio: ratioOf(env, warnings) };
    default:
      warnings.push(`OTEL_TRACES_SAMPLER is ${name}; parentbased_always_on is used.`);
      return { parentBased: true, ratio: 1 };
  }
}

function ratioOf(env: Environment, warnings: string[]): number {
  const text = value(env, "OTEL_TRACES_SAMPLER_ARG");
  if (text === undefined) return 1;
  const ratio = Number(text);
  if (ratio >= 0 && ratio <= 1) return ratio;
  warnings.push(`OTEL_TRACES_SAMPLER_ARG is ${text}; 1 is used. It is a number from 0 to 1.`);
  return 1;
}

function batchOf(env: Environment, warnings: string[]): BatchLimits {
  const number = (name: string, fallback: number, max: number): number => {
    const text = value(env, name);
    if (text === undefined) return fallback;
    const parsed = Number(text);
    if (Number.isInteger(parsed) && parsed >= 1 && parsed <= max) return parsed;
    warnings.push(
      `${name} is ${text}; ${fallback} is used. It is a whole number from 1 to ${max}.`,
    );
    return fallback;
  };
  const maxQueueSize = number("OTEL_BSP_MAX_QUEUE_SIZE", 2048, QUEUE_MAX);
  return {
    scheduledDelayMillis: number("OTEL_BSP_SCHEDULE_DELAY", 5000, MILLIS_MAX),
    exportTimeoutMillis: number("OTEL_BSP_EXPORT_TIMEOUT", 30_000, MILLIS_MAX),
    maxQueueSize,
    maxExportBatchSize: Math.min(
      maxQueueSize,
      number("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 512, QUEUE_MAX),
    ),
  };
}
