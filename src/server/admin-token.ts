/** The token of the admin routes: the configured one, or one of our own where the network can reach us. */
import { type KeptSecretOptions, keptSecret } from "./kept-secret.ts";

export interface AdminToken {
  readonly token: string;
  /** Where it was read from or written to; undefined for a configured one and where none is needed. */
  readonly file: string | undefined;
}

export interface AdminTokenOptions extends Omit<KeptSecretOptions, "name"> {
  readonly configured: string;
  readonly loopback: boolean;
  /** People log in by name and password. */
  readonly login: boolean;
}

/**
 * On loopback, and with a login, no token is needed. Elsewhere one is made at the first start and kept in the database
 * folder. Throws StoreFailed where it cannot be kept.
 */
export function adminToken(options: AdminTokenOptions): AdminToken {
  if (options.configured !== "") return { token: options.configured, file: undefined };
  if (options.loopback || options.login) return { token: "", file: undefined };
  const { secret: token, file } = keptSecret({ ...options, name: "admin-token" });
  return { token, file };
}
