/** Makes viewer tokens, keeps a record of each, and takes them back. */
import { TokenLimitReached, TokenNotFound } from "../errors/access.ts";
import type { MintedToken, TokenStore, ViewerTokens } from "./viewer-token.ts";

/** What somebody wants of a token. */
export interface TokenWish {
  readonly ttlSeconds: number;
  /** 0 = as many as the stream takes. */
  readonly viewersMax: number;
  readonly label: string;
  /** Bits per second. */
  readonly bitrateMax: number | undefined;
}

export interface MintingOptions {
  readonly tokens: Pick<ViewerTokens, "sign">;
  readonly store: TokenStore;
  /** Unix milliseconds. */
  readonly unixMs: () => number;
  readonly randomBytes: (size: number) => Buffer;
}

/** A record has some 200 bytes. */
export const TOKENS_MAX = 10_000;
export const TOKENS_PER_STREAM_MAX = 1000;
const ID_BYTES = 9;

export class Minting {
  private readonly options: MintingOptions;

  constructor(options: MintingOptions) {
    this.options = options;
  }

  /** Its text is nowhere kept. Rejects with TokenLimitReached or StoreFailed. */
  async mint(streamId: string, wish: TokenWish): Promise<{ token: MintedToken; text: string }> {
    const { store, tokens, randomBytes } = this.options;
    const createdAt = this.unixSeconds();
    store.removeExpired(createdAt);
    if (store.count() >= TOKENS_MAX) throw new TokenLimitReached("server", TOKENS_MAX);
    if (store.list(streamId).length >= TOKENS_PER_STREAM_MAX) {
      throw new TokenLimitReached("stream", TOKENS_PER_STREAM_MAX);
    }
    const token: MintedToken = {
      id: randomBytes(ID_BYTES).toString("base64url"),
      streamId,
      label: wish.label,
      createdAt,
      expiresAt: createdAt + wish.ttlSeconds,
      viewersMax: wish.viewersMax,
      bitrateMax: wish.bitrateMax,
    };
    store.insert(token);
    return { token, text: await tokens.sign(token) };
  }

  /** Those that have not expired, the newest first. */
  list(streamId: string): readonly MintedToken[] {
    const now = this.unixSeconds();
    return this.options.store.list(streamId).filter(({ expiresAt }) => expiresAt > now);
  }

  /** From here on nobody joins with it. Throws TokenNotFound or StoreFailed. */
  revoke(streamId: string, id: string): void {
    const { store } = this.options;
    if (store.get(id)?.streamId !== streamId) throw new TokenNotFound();
    store.remove(id);
  }

  private unixSeconds(): number {
    return Math.floor(this.options.unixMs() / 1000);
  }
}
