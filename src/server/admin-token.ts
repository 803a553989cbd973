/** The token of the admin routes: the configured one, or one of our own where the network can reach us. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { StoreFailed } from "../errors.ts";

const TOKEN_BYTES = 24;

export interface AdminToken {
  readonly token: string;
  /** Where it was read from or written to; undefined for a configured one and where none is needed. */
  readonly file: string | undefined;
}

/**
 * On loopback no token is needed. Elsewhere one is made at the first start and kept in the database folder,
 * readable by the owner only. Throws StoreFailed where it cannot be kept.
 */
export function adminToken(options: {
  readonly configured: string;
  readonly loopback: boolean;
  readonly folder: string;
  readonly randomBytes: (size: number) => Buffer;
}): AdminToken {
  if (options.configured !== "") return { token: options.configured, file: undefined };
  if (options.loopback) return { token: "", file: undefined };
  const file = join(options.folder, "admin-token");
  const kept = read(file);
  if (kept !== undefined && kept !== "") return { token: kept, file };
  const token = options.randomBytes(TOKEN_BYTES).toString("base64url");
  try {
    mkdirSync(options.folder, { recursive: true });
    writeFileSync(file, `${token}\n`, { mode: 0o600 });
  } catch (error) {
    throw new StoreFailed(`${file}: ${error instanceof Error ? error.message : "not writable"}`);
  }
  return { token, file };
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8").trim();
  } catch {
    return undefined;
  }
}
