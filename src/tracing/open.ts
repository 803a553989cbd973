/** Tracing as a whole: loaded only where it is on, since the packages behind it are large. */
import type { TraceSettings } from "./environment.ts";
import { openProvider, type ProviderOptions } from "./provider.ts";
import { Tracing } from "./tracing.ts";

export interface OpenTracingOptions extends ProviderOptions {
  readonly settings: TraceSettings;
  readonly unixMs: () => number;
}

export interface OpenTracing {
  readonly tracing: Tracing;
  close(): Promise<void>;
}

export async function openTracing(options: OpenTracingOptions): Promise<OpenTracing> {
  const provider = await openProvider(options);
  return {
    tracing: new Tracing({ tracer: provider.tracer, unixMs: options.unixMs }),
    close: provider.close,
  };
}
