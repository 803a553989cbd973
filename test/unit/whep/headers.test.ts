import { describe, expect, test } from "bun:test";
import { corsHeaders, iceServerLinks } from "../../../src/whep/headers.ts";

const from = (origin: string | undefined) =>
  new Request("http://localhost/", { headers: origin === undefined ? {} : { origin } });

describe("CORS", () => {
  test("lets every page in where the list has the wildcard", () => {
    const headers = corsHeaders(from("https://a.example"), ["*"]);
    expect(headers["access-control-allow-origin"]).toBe("*");
  });

  test("names the origin where it is in the list, and tells caches so", () => {
    const headers = corsHeaders(from("https://a.example"), ["https://a.example"]);
    expect(headers["access-control-allow-origin"]).toBe("https://a.example");
    expect(headers["vary"]).toBe("Origin");
  });

  test("says nothing to other origins", () => {
    for (const origin of ["https://b.example", undefined, "null"]) {
      expect(corsHeaders(from(origin), ["https://a.example"])).toEqual({ vary: "Origin" });
    }
  });
});

describe("links to ICE servers", () => {
  test("are none without servers", () => {
    expect(iceServerLinks([])).toBeUndefined();
  });

  test("are one per URL, credentials quoted", () => {
    expect(iceServerLinks([{ urls: ["stun:a", "turn:b"], username: 'u"', credential: "p" }])).toBe(
      '<stun:a>; rel="ice-server"; username="u\\""; credential="p"; credential-type="password", ' +
        '<turn:b>; rel="ice-server"; username="u\\""; credential="p"; credential-type="password"',
    );
  });
});
