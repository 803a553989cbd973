/** `dragonfork check`: tries what the server will need, and prints what is in effect. */

import { effectiveConfig } from "../config/describe.ts";
import { redact } from "../telemetry/redact.ts";
import { checkFfmpeg } from "./check/ffmpeg.ts";
import { checkFolder } from "./check/folder.ts";
import { checkPorts } from "./check/ports.ts";
import type { CheckResult } from "./check/result.ts";
import { checkStore } from "./check/store.ts";
import { checkViewerKeys } from "./check/viewer-keys.ts";
import type { Configuration } from "./configuration.ts";
import type { Write } from "./output.ts";

/** The exit code: 0 when everything passed, 1 otherwise. */
export async function check(configuration: Configuration, write: Write): Promise<number> {
  const { config, origins, warnings, records } = configuration;
  write(`effective configuration:\n${indented(effectiveConfig(configuration, redact))}\n`);
  for (const warning of warnings) write(line("warn", "configuration", redact(warning)));
  const results: CheckResult[] = [
    { name: "configuration", passed: true, detail: `${origins.size} settings are not the default` },
    { name: "processes", passed: true, detail: `${records.length} in the configuration` },
    await checkFolder(config.db.dir),
    checkStore(config.db.dir),
    ...(await checkPorts(config, records.filter(({ webrtc }) => webrtc?.enabled).length)),
    ...(await checkFfmpeg(config.ffmpeg.binary)),
    ...(await checkViewerKeys(config.webrtc.viewer_jwks)),
  ];
  for (const { name, passed, detail } of results) {
    write(line(passed ? "ok" : "FAIL", name, redact(detail)));
  }
  const failed = results.filter(({ passed }) => !passed).length;
  write(
    failed === 0 ? "everything is in order\n" : `${failed} of ${results.length} checks failed\n`,
  );
  return failed === 0 ? 0 : 1;
}

function line(state: string, name: string, detail: string): string {
  return `${state.padEnd(5)} ${name.padEnd(18)} ${detail}\n`;
}

function indented(text: string): string {
  return text.replace(/^(?=.)/gm, "  ");
}
