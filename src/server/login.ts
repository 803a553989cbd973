/** The login that the configuration asks for. */
import { Login, type LoginOptions } from "../auth/login.ts";
import type { Config } from "../config/schema.ts";
import { keptSecret } from "./kept-secret.ts";

export interface OpenLoginOptions extends Pick<LoginOptions, "unixMs" | "randomBytes"> {
  readonly auth: Config["api"]["auth"];
  readonly folder: string;
}

/** undefined where it is off. Throws StoreFailed where a secret of our own cannot be kept. */
export function openLogin(options: OpenLoginOptions): Login | undefined {
  const { enable, username, password, jwt } = options.auth;
  if (!enable) return undefined;
  const secret = jwt.secret || keptSecret({ ...options, name: "jwt-secret" }).secret;
  return new Login({ ...options, username, password, secret });
}
