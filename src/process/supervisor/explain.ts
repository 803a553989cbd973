/** Why FFmpeg was not started, as a line of the process's log. */
import { ProcessInvalid } from "../../errors/process.ts";
import { redact } from "../../telemetry/redact.ts";
import type { CopyFault } from "../source-plan.ts";

export function explain(error: unknown): string {
  if (error instanceof ProcessInvalid)
    return redact(`${error.message}: ${error.details.join("; ")}`);
  return redact(error instanceof Error ? error.message : String(error));
}

/** Why a copy is ended. */
export const copyFaultWords: Readonly<Record<CopyFault, string>> = {
  "b-frames": "B-frames came in video that was copied",
  "no-idr": "video that was copied brought no IDR frames",
};
