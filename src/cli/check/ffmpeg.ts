/** Whether FFmpeg runs and has what the streams need. */

import type { CheckResult } from "./result.ts";

/** A list that FFmpeg prints, and the names that must be in it. */
const NEEDS = [
  { list: "encoders", what: "encoder", names: ["libx264", "libvpx", "libopus"] },
  { list: "muxers", what: "muxer", names: ["rtp"] },
  { list: "protocols", what: "protocol", names: ["rtp", "udp", "tcp"] },
] as const;

const RUN_MS_MAX = 10_000;
const HOW_TO_INSTALL =
  "Install FFmpeg (on Debian and Ubuntu: apt-get install ffmpeg) or set CORE_FFMPEG_BINARY.";

/** Runs the binary with `args`; its output, or undefined where it cannot be run. */
export type RunFfmpeg = (args: readonly string[]) => Promise<string | undefined>;

/** One result for the binary and, when it runs, one for each kind of part. */
export async function checkFfmpeg(
  binary: string,
  run: RunFfmpeg = runner(binary),
): Promise<CheckResult[]> {
  const banner = await run(["-version"]);
  const version = /^ffmpeg version (\S+)/m.exec(banner ?? "")?.[1];
  if (version === undefined) {
    const detail = `${binary} cannot be run or is no FFmpeg. ${HOW_TO_INSTALL}`;
    return [{ name: "FFmpeg", passed: false, detail }];
  }
  const results = [{ name: "FFmpeg", passed: true, detail: `${binary}, version ${version}` }];
  for (const { list, what, names } of NEEDS) {
    const have = namesIn((await run([`-${list}`])) ?? "");
    const missing = names.filter((name) => !have.has(name));
    const detail =
      missing.length === 0
        ? `has ${names.join(", ")}`
        : `lacks ${what} ${missing.join(", ")}. ${HOW_TO_INSTALL}`;
    results.push({ name: `FFmpeg ${list}`, passed: missing.length === 0, detail });
  }
  return results;
}

/** The names of a list: behind the flags column, or alone on the line as in the list of protocols. */
function namesIn(text: string): Set<string> {
  const names = text.split("\n").map((entry) => /^\s+(?:[A-Z.]+\s+)?([a-z0-9_]+)/.exec(entry)?.[1]);
  return new Set(names.filter((name) => name !== undefined));
}

function runner(binary: string): RunFfmpeg {
  return async (args) => {
    try {
      const child = Bun.spawn([binary, "-hide_banner", ...args], {
        stdin: "ignore",
        stdout: "pipe",
        stderr: "ignore",
        timeout: RUN_MS_MAX,
      });
      const [text, code] = await Promise.all([new Response(child.stdout).text(), child.exited]);
      return code === 0 ? text : undefined;
    } catch {
      return undefined;
    }
  };
}
