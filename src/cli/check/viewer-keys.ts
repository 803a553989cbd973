/** Are the public keys of viewer tokens to be had? */

import { countKeys } from "../../auth/key-set.ts";
import type { CheckResult } from "./result.ts";

/** Nothing where no place is configured. */
export async function checkViewerKeys(place: string): Promise<CheckResult[]> {
  const name = "viewer keys";
  if (place === "") return [];
  try {
    const count = await countKeys(place);
    return [{ name, passed: count > 0, detail: `${place} has ${count}` }];
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return [{ name, passed: false, detail: `${reason} (CORE_WEBRTC_VIEWER_JWKS)` }];
  }
}
