/** The requests that were put to a real datarhei Core with its login on, put to ours in the same order. */
import { describe, expect, test } from "bun:test";
import { differences, type LoginExchange, recordedLoginExchanges } from "./support/golden.ts";
import { Harness } from "./support/harness.ts";
import { testLogin } from "./support/login.ts";

/** As without a login: the product stands in a member of its own, and the id is CORE_ID. */
const DEVIATIONS: Readonly<Record<string, readonly string[]>> = {
  auth_about: ["id: another value", "product: added"],
};

interface Tokens {
  access: string;
  refresh: string;
  readonly bad: string;
}

function requestOf({ contentType, body, token }: LoginExchange, tokens: Tokens): RequestInit {
  return {
    headers: {
      ...(contentType !== null && { "content-type": contentType }),
      ...(token !== null && { authorization: `Bearer ${tokens[token]}` }),
    },
    ...(body !== null && { body: new TextEncoder().encode(body) }),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The metrics of the two differ; that they are open is what was recorded.
    return text.startsWith("# HELP") ? "text" : text;
  }
}

describe("Core's clients log in as they do at a real Core", () => {
  test("every recorded answer but the listed deviations", async () => {
    const harness = new Harness({ login: testLogin() });
    const tokens: Tokens = { access: "", refresh: "", bad: "not.a.token" };
    for (const exchange of recordedLoginExchanges()) {
      const answer = await harness.send(
        exchange.method,
        exchange.path,
        requestOf(exchange, tokens),
      );
      const body = parsed(answer.body);
      const { access_token, refresh_token } = Object(body);
      if (access_token !== undefined) tokens.access = access_token;
      if (refresh_token !== undefined) tokens.refresh = refresh_token;
      const comparable =
        access_token === undefined
          ? body
          : { access_token: "secret", ...(refresh_token && { refresh_token: "secret" }) };
      const own = /^(type|title|status|detail): added$/;
      const found = differences(exchange.answer, comparable).filter((one) => !own.test(one));
      expect({ name: exchange.name, status: answer.status, found }).toEqual({
        name: exchange.name,
        status: exchange.status,
        found: [...(DEVIATIONS[exchange.name] ?? [])],
      });
    }
  });
});
