import { afterEach, expect, test } from "bun:test";
import { diag } from "@opentelemetry/api";
import { traceSettings } from "../../../src/tracing/environment.ts";
import { openProvider } from "../../../src/tracing/provider.ts";

afterEach(() => diag.disable());

test("a problem of the exporter is told as a sentence, without its stack", async () => {
  const settings = traceSettings({ OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9" });
  if (settings === undefined) throw new Error("tracing is off");
  const problems: string[] = [];
  const onProblem = (problem: string) => void problems.push(problem);
  const provider = await openProvider({ settings, version: "1", coreId: "c", onProblem });
  diag.error(JSON.stringify({ message: "14 UNAVAILABLE: no such host", stack: "Error: at x.js" }));
  diag.warn("spans were dropped");
  expect(problems).toEqual(["14 UNAVAILABLE: no such host", "spans were dropped"]);
  await provider.close();
});
