/** What this program is: the version of package.json and, in a built binary, the commit it was built from. */

import packageFile from "../../package.json" with { type: "json" };

/** Set by deploy/build.ts; not declared when run from source. */
declare const DRAGONFORK_COMMIT: string;

export const VERSION: string = packageFile.version;
/** "" when run from source. */
export const COMMIT: string = typeof DRAGONFORK_COMMIT === "string" ? DRAGONFORK_COMMIT : "";

export function versionText(): string {
  const runtime = `Bun ${Bun.version}, ${process.platform} ${process.arch}`;
  return `dragonfork ${VERSION} (${COMMIT === "" ? "from source" : COMMIT}; ${runtime})\n`;
}
