/** The keys of viewer tokens, as the configuration names them. */
import { openKeySet } from "../auth/key-set.ts";
import { type TokenStore, ViewerTokens, type ViewerTokensOptions } from "../auth/viewer-token.ts";
import type { Config } from "../config/schema.ts";
import type { Logger } from "../telemetry/logger.ts";
import { keptSecret } from "./kept-secret.ts";

export interface OpenViewerTokensOptions extends Pick<ViewerTokensOptions, "unixMs"> {
  readonly config: Config;
  readonly store: TokenStore;
  readonly randomBytes: (size: number) => Buffer;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  readonly logger: Pick<Logger, "warn">;
}

/** Throws StoreFailed where our own key cannot be kept, KeysUnavailable where the key set is none. */
export function openViewerTokens(options: OpenViewerTokensOptions): ViewerTokens {
  const { config, store, randomBytes, nowMs, logger, unixMs } = options;
  const {
    viewer_secret: sharedSecret,
    viewer_jwks: place,
    viewer_audience: audience,
  } = config.webrtc;
  const onFailure = (reason: string) => logger.warn("viewer keys not renewed", { place, reason });
  return new ViewerTokens({
    ownSecret: keptSecret({ folder: config.db.dir, name: "viewer-token-key", randomBytes }).secret,
    sharedSecret,
    keySet: place === "" ? undefined : openKeySet({ place, nowMs, onFailure }),
    audience,
    store,
    unixMs,
  });
}
