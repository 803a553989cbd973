/** Secrets that the server makes for itself at the first start and keeps. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { StoreFailed } from "../errors/process.ts";

const SECRET_BYTES = 24;

export interface KeptSecretOptions {
  readonly folder: string;
  readonly name: string;
  readonly randomBytes: (size: number) => Buffer;
}

/** Reads the secret or makes it, readable by the owner only. Throws StoreFailed where it cannot be kept. */
export function keptSecret(options: KeptSecretOptions): { secret: string; file: string } {
  const file = join(options.folder, options.name);
  const kept = read(file);
  if (kept !== undefined && kept !== "") return { secret: kept, file };
  const secret = options.randomBytes(SECRET_BYTES).toString("base64url");
  try {
    mkdirSync(options.folder, { recursive: true });
    writeFileSync(file, `${secret}\n`, { mode: 0o600 });
  } catch (error) {
    throw new StoreFailed(`${file}: ${error instanceof Error ? error.message : "not writable"}`);
  }
  return { secret, file };
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8").trim();
  } catch {
    return undefined;
  }
}
