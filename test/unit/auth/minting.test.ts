import { expect, test } from "bun:test";
import { Minting, TOKENS_MAX, TOKENS_PER_STREAM_MAX } from "../../../src/auth/minting.ts";
import { TokenLimitReached } from "../../../src/errors/access.ts";
import { MemoryTokenStore } from "../../api/support/viewer-tokens.ts";

let unixMs = 1_800_000_000_000;
let made = 0;

function newMinting(store = new MemoryTokenStore()) {
  const tokens = { sign: async () => "text" };
  const randomBytes = (size: number) => {
    const bytes = Buffer.alloc(size);
    bytes.writeUInt32BE(++made);
    return bytes;
  };
  return new Minting({ tokens, store, unixMs: () => unixMs, randomBytes });
}

const wish = { ttlSeconds: 60, viewersMax: 0, label: "", bitrateMax: undefined };

test("a stream has a bound of tokens, and room again when they have expired", async () => {
  const minting = newMinting();
  for (let i = 0; i < TOKENS_PER_STREAM_MAX; i++) await minting.mint("a", wish);
  await expect(minting.mint("a", wish)).rejects.toBeInstanceOf(TokenLimitReached);
  await minting.mint("b", wish);
  unixMs += 60_000;
  await minting.mint("a", wish);
  expect(minting.list("a")).toHaveLength(1);
});

test("the server has a bound of tokens", async () => {
  const store = new MemoryTokenStore();
  const minting = newMinting(store);
  const { token } = await minting.mint("a", wish);
  for (let i = 1; i < TOKENS_MAX; i++) store.insert({ ...token, id: String(i) });
  await expect(minting.mint("b", wish)).rejects.toBeInstanceOf(TokenLimitReached);
});
