import { expect, test } from "bun:test";
import { browserModule } from "../../support/browser-module.ts";

const { streamTokenStore, tokenOfFragment } = await browserModule<{
  streamTokenStore: (streamId: string) => {
    get(): string;
    typed(token: string): void;
    brought(token: string): void;
  };
  tokenOfFragment: (fragment: string) => string | undefined;
}>("token-store");

test("the token of a link stands in the fragment", () => {
  expect(tokenOfFragment("#token=a.b-c_d.e")).toBe("a.b-c_d.e");
  expect(tokenOfFragment("#x=1&token=a")).toBe("a");
  expect(tokenOfFragment("#main")).toBeUndefined();
  expect(tokenOfFragment("")).toBeUndefined();
});

test("a token that was brought along is that of its stream, and a typed one takes its place", () => {
  const [first, second] = [streamTokenStore("first"), streamTokenStore("second")];
  first.brought("of-a-link");
  expect([first.get(), second.get()]).toEqual(["of-a-link", ""]);
  second.typed("typed");
  expect([first.get(), second.get()]).toEqual(["of-a-link", "typed"]);
  first.typed("typed");
  expect(first.get()).toBe("typed");
});
