/** Why FFmpeg was not started, as a line of the process's log. */
import { ProcessInvalid } from "../../errors/process.ts";
import { redact } from "../../telemetry/redact.ts";

export function explain(error: unknown): string {
  if (error instanceof ProcessInvalid)
    return redact(`${error.message}: ${error.details.join("; ")}`);
  return redact(error instanceof Error ? error.message : String(error));
}
