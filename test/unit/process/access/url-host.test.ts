import { describe, expect, test } from "bun:test";
import { hostProblem } from "../../../../src/process/access/url-host.ts";

describe("the name and password of a URL", () => {
  test.each(["pa ss", 'pa"ss', "<pass>", "pa\tss"])(
    "with %p have to be percent-encoded, since lines of the log could not be cleared of them",
    (password) => {
      const problem = hostProblem(`rtsp://admin:${password}@camera/1`);
      expect(problem).toContain("percent-encode");
      expect(problem).not.toContain(password);
    },
  );

  test.each(["it's", "p%20w", "a@b", "$&!*()+,;=~"])("may hold %p", (password) => {
    expect(hostProblem(`rtsp://admin:${password}@camera/1`)).toBeUndefined();
  });
});
