/** The API document passes redocly's recommended rules. */
import { expect, test } from "bun:test";
import { createConfig, lintFromString } from "@redocly/openapi-core";
import { Harness } from "./support/harness.ts";
import { testLogin } from "./support/login.ts";

test("redocly finds nothing to object to", async () => {
  const { body } = await new Harness({ login: testLogin() }).send("GET", "/swagger/json");
  const config = await createConfig({
    extends: ["recommended"],
    // Health, OPTIONS and the like have no request that could be refused.
    rules: { "operation-4xx-response": "off" },
  });
  const problems = await lintFromString({ source: body, absoluteRef: "/openapi.json", config });
  const found = problems.map(({ ruleId, message, location: [at] }) => ({
    ruleId,
    message,
    at: (at?.pointer ?? "").replaceAll("~1", "/"),
  }));
  expect(found).toEqual([]);
});
