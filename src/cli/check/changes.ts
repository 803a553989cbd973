/** Whether a server could start with another configuration; what it holds now is not free to try. */
import { existsSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { openKeySet } from "../../auth/key-set.ts";
import { parseAddress } from "../../config/formats.ts";
import { mediaPorts } from "../../config/media-ports.ts";
import type { Config } from "../../config/schema.ts";
import { KeysUnavailable } from "../../errors/access.ts";
import { StoreFailed } from "../../errors/process.ts";
import { lockFileName, lockStore } from "../../process/store/lock.ts";
import { storeFileName } from "../../process/store.ts";
import { checkFolder } from "./folder.ts";
import { checkHttp, checkMedia } from "./ports.ts";
import type { CheckResult } from "./result.ts";
import { checkStore } from "./store.ts";

/** A start would make an empty one, and every process would be missing. */
const GONE_REMEDY =
  "The processes run on from memory: put it back, mount its disk, or choose another CORE_DB_DIR.";

/** What stands in the way of what is new in `next`, and what to do about it. */
export async function changeProblems(now: Config, next: Config): Promise<readonly string[]> {
  const held = mediaPorts(now);
  const ports = mediaPorts(next).filter((port) => !held.includes(port));
  const results = [
    ...(next.address === now.address
      ? []
      : [await checkHttp(next.address, parseAddress(now.address)?.port)]),
    ...(await Promise.all(ports.map(checkMedia))),
    await checkFolder(next.db.dir),
    ...(realPath(next.db.dir) === realPath(now.db.dir)
      ? [checkStoreInUse(next.db.dir)]
      : [...checkLock(next.db.dir), checkStore(next.db.dir)]),
    ...checkKeyFile(next.webrtc.viewer_jwks),
  ];
  return results.filter(({ passed }) => !passed).map(({ name, detail }) => `${name}: ${detail}`);
}

function realPath(folder: string): string {
  return existsSync(folder) ? realpathSync(folder) : folder;
}

/** The one in use may have been damaged or taken away since it was opened. */
function checkStoreInUse(folder: string): CheckResult {
  const path = join(folder, storeFileName);
  if (existsSync(path)) return checkStore(folder);
  return { name: "process store", passed: false, detail: `${path} is gone. ${GONE_REMEDY}` };
}

/** Another server may run with it. A folder that was never used has no lock, and gets none here. */
function checkLock(folder: string): CheckResult[] {
  if (!existsSync(join(folder, lockFileName))) return [];
  try {
    lockStore(folder)();
    return [];
  } catch (error) {
    if (!(error instanceof StoreFailed)) throw error;
    return [{ name: "database folder", passed: false, detail: error.message }];
  }
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
