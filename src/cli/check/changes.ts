/** Whether a server could start with another configuration; what it holds now is not free to try. */
import { openKeySet } from "../../auth/key-set.ts";
import { parseAddress } from "../../config/formats.ts";
import { mediaPorts } from "../../config/media-ports.ts";
import type { Config } from "../../config/schema.ts";
import { KeysUnavailable } from "../../errors/access.ts";
import { checkFolder } from "./folder.ts";
import { checkHttp, checkMedia } from "./ports.ts";
import type { CheckResult } from "./result.ts";

/** What stands in the way of what is new in `next`, and what to do about it. */
export async function changeProblems(now: Config, next: Config): Promise<readonly string[]> {
  const held = mediaPorts(now);
  const ports = mediaPorts(next).filter((port) => !held.includes(port));
  const results = [
    ...(next.address === now.address
      ? []
      : [await checkHttp(next.address, parseAddress(now.address)?.port)]),
    ...(await Promise.all(ports.map(checkMedia))),
    ...(next.db.dir === now.db.dir ? [] : [await checkFolder(next.db.dir)]),
    ...checkKeyFile(next.webrtc.viewer_jwks),
  ];
  return results.filter(({ passed }) => !passed).map(({ name, detail }) => `${name}: ${detail}`);
}

/** Also where it is the same: it may be gone by now. A URL is not asked before the first token. */
function checkKeyFile(place: string): CheckResult[] {
  try {
    if (place !== "") openKeySet({ place, nowMs: () => 0, onFailure: () => undefined });
    return [];
  } catch (error) {
    if (!(error instanceof KeysUnavailable)) throw error;
    const detail = `${error.message} (CORE_WEBRTC_VIEWER_JWKS)`;
    return [{ name: "viewer keys", passed: false, detail }];
  }
}
