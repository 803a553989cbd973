/** POST /api/login and GET /api/login/refresh, as datarhei Core's clients call them. */
import { Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import type { Login } from "../../auth/login.ts";
import { LoginInvalid, Unauthorized } from "../../errors/access.ts";
import { DomainError } from "../../errors.ts";
import { bearerOf, JWT_REFUSED, refusal } from "../auth.ts";
import { operation } from "../documentation.ts";
import { JSON_TYPE, readJson, sendJson } from "../json.ts";
import type { LoginBackoff } from "../login-backoff.ts";

export interface LoginRoutesOptions {
  readonly login: Login;
  readonly backoff: LoginBackoff;
  readonly clientAddress: (request: Request) => string;
}

const WRONG = "Invalid authorization credentials: invalid username or password";

/** To be mounted only where login is on: else both routes are unknown ones, as in Core. */
export function loginRoutes({ login, backoff, clientAddress }: LoginRoutesOptions) {
  return new Elysia({ name: "login" })
    .onTransform({ as: "local" }, ({ set }) => {
      set.headers["cache-control"] = "no-store";
    })
    .post(
      "/api/login",
      async ({ request, set }) => {
        const { username, password } = await readCredentials(request);
        const address = clientAddress(request);
        // After the body, and with nothing awaited up to the verdict: requests side by side get no further guess.
        backoff.check(address);
        if (!login.matches(username, password)) {
          backoff.failed(address);
          throw new Unauthorized(WRONG, { securityEvent: "auth_failed" });
        }
        backoff.succeeded(address);
        const access_token = await login.issue("access");
        const refresh_token = await login.issue("refresh");
        return sendJson(set, { access_token, refresh_token });
      },
      { parse: "none", detail: loginDetail },
    )
    .get(
      "/api/login/refresh",
      async ({ request, set }) => {
        const token = bearerOf(request);
        if (token === undefined || !(await login.accepts(token, "refresh"))) {
          throw refusal(request, JWT_REFUSED);
        }
        return sendJson(set, { access_token: await login.issue("access") });
      },
      { detail: refreshDetail },
    );
}

/** Throws LoginInvalid or BodyTooLarge. */
async function readCredentials(request: Request) {
  const body = await readJson(request).catch((error: unknown) => {
    if (error instanceof DomainError && error.kind === "process-invalid") throw new LoginInvalid();
    throw error;
  });
  const fields: { username?: unknown; password?: unknown } =
    typeof body === "object" && body !== null ? body : {};
  const { username, password } = fields;
  const complete = typeof username === "string" && typeof password === "string";
  if (!complete || username === "" || password === "") throw new LoginInvalid();
  return { username, password };
}

const access_token = Type.String({
  description: "JWT for all other routes; valid for 10 minutes.",
});
const refresh_token = Type.String({
  description: "JWT for GET /api/login/refresh; valid for 24 hours.",
});
const TOKEN = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.c2lnbmF0dXJl";

const loginDetail = operation({
  tag: "Server",
  summary: "Log in",
  description:
    "Only if CORE_API_AUTH_ENABLE is on. After a few wrong passwords an address has to wait before it may try again.",
  body: {
    type: JSON_TYPE,
    schema: Type.Object({ username: Type.String(), password: Type.String() }),
    example: { username: "admin", password: "a long sentence" },
  },
  answers: {
    200: {
      description: "Both tokens.",
      type: JSON_TYPE,
      schema: Type.Object({ access_token, refresh_token }),
      example: { access_token: TOKEN, refresh_token: TOKEN },
    },
  },
  problems: ["login-invalid", "unauthorized", "body-too-large", "rate-limited"],
});

const refreshDetail = operation({
  tag: "Server",
  summary: "Get another access token",
  description: "With the refresh token of the login as the bearer token.",
  answers: {
    200: {
      description: "A new access token.",
      type: JSON_TYPE,
      schema: Type.Object({ access_token }),
      example: { access_token: TOKEN },
    },
  },
  problems: ["unauthorized"],
  access: "admin",
});
