/** The signals that end a server in order. */
import { readFileSync } from "node:fs";
import type { Logger } from "../telemetry/logger.ts";

/** Resolves at the first of them; a second one ends the process at once. */
export function firstSignal(logger: Pick<Logger, "warn">): Promise<string> {
  return new Promise((resolve) => {
    let asked = false;
    const onSignal = (signal: NodeJS.Signals): void => {
      if (asked) {
        logger.warn("second signal: ending without a clean stop", { signal });
        process.exit(1);
      }
      asked = true;
      resolve(signal);
    };
    process.on("SIGTERM", onSignal);
    process.on("SIGINT", onSignal);
    // The terminal was closed, which some shells say twice.
    if (!ignoresHangup()) process.on("SIGHUP", () => resolve("SIGHUP"));
  });
}

/** nohup starts programs so; a listener of ours would undo it. */
function ignoresHangup(): boolean {
  try {
    const status = readFileSync("/proc/self/status", "utf8");
    const ignored = /^SigIgn:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? "0";
    return (Number.parseInt(ignored.slice(-1), 16) & 1) === 1;
  } catch {
    return false;
  }
}
