/** The login of the recorded exchanges. */
import { Login, type LoginOptions } from "../../../src/auth/login.ts";

export const UNIX_MS = 1_795_208_703_000;

export function testLogin(options: Partial<LoginOptions> = {}): Login {
  return new Login({
    username: "admin",
    password: "test",
    secret: "a secret of the test",
    unixMs: () => UNIX_MS,
    randomBytes: (size) => Buffer.alloc(size, 7),
    ...options,
  });
}
