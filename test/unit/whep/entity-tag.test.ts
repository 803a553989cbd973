import { describe, expect, test } from "bun:test";
import { entityTag, matches, readIfMatch } from "../../../src/whep/entity-tag.ts";

const CURRENT = entityTag("abc");
const fits = (header: string | null) => matches(readIfMatch(header), CURRENT);

describe("If-Match", () => {
  test("without a value is absent", () => {
    for (const header of [null, "", "  "]) expect(readIfMatch(header).kind).toBe("absent");
  });

  test("matches the current tag, alone and in a list", () => {
    for (const header of ['"abc"', ' "abc" ', '"x", "abc"', '"x","abc"']) {
      expect(fits(header)).toBe(true);
    }
  });

  test("matches by the wildcard, but not by a quoted one", () => {
    expect(fits("*")).toBe(true);
    expect(fits('"*"')).toBe(false);
    expect(readIfMatch('"*"').kind).toBe("any");
  });

  test("does not match weak, unquoted or other tags", () => {
    for (const header of ['W/"abc"', "abc", '"ABC"', '"abc', '""'])
      expect(fits(header)).toBe(false);
  });

  test("looks at a bounded number of tags", () => {
    const many = `${'"x",'.repeat(1000)}"abc"`;
    expect(fits(many)).toBe(false);
  });
});
