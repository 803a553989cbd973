/** /api/v3/webrtc/streams/{id}/tokens: makes viewer tokens for a stream, lists them and takes them back. */
import { Elysia } from "elysia";
import type { Minting } from "../../auth/minting.ts";
import type { MintedToken } from "../../auth/viewer-token.ts";
import { StreamNotFound } from "../../errors/viewer.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { operation, STREAM_ID } from "../documentation.ts";
import { embedOf } from "../embed.ts";
import { JSON_TYPE, readJson, sendJson } from "../json.ts";
import { partialSchema } from "../partial-schema.ts";
import { MintedTokenSchema, parseWish, TokenSchema, TokenWishSchema } from "../token-schemas.ts";

export interface TokensOptions {
  readonly streams: { get(id: string): { readonly id: string } | undefined };
  readonly minting: Minting;
  readonly log: Pick<Logger, "info">;
  readonly viewings: { count(tokenId: string): number; revoke(tokenId: string): void };
}

const PATH = "/api/v3/webrtc/streams/:id/tokens";

export function tokensRoutes({ streams, minting, viewings, log }: TokensOptions) {
  const idOf = (id: string) => {
    if (streams.get(id) === undefined) throw new StreamNotFound();
    return id;
  };
  const view = (token: MintedToken) => tokenView(token, viewings.count(token.id));
  return new Elysia({ name: "tokens" })
    .post(
      PATH,
      async ({ params, request, set }) => {
        const id = idOf(params.id);
        const wish = parseWish(request.body === null ? {} : await readJson(request));
        const { token, text } = await minting.mint(id, wish);
        log.info("viewer token made", { stream: id, token: token.id, label: token.label });
        set.status = 201;
        return sendJson(set, { ...view(token), token: text, ...embedOf(request, id, text) });
      },
      { parse: "none", detail: mintDetail },
    )
    .get(PATH, ({ params, set }) => sendJson(set, minting.list(idOf(params.id)).map(view)), {
      detail: listDetail,
    })
    .delete(
      `${PATH}/:token`,
      ({ params, set }) => {
        minting.revoke(idOf(params.id), params.token);
        viewings.revoke(params.token);
        log.info("viewer token revoked", { stream: params.id, token: params.token });
        set.status = 204;
        return "";
      },
      { parse: "none", detail: revokeDetail },
    );
}

function tokenView(token: MintedToken, viewers: number) {
  const time = (unixSeconds: number) => new Date(unixSeconds * 1000).toISOString();
  return {
    id: token.id,
    stream: token.streamId,
    label: token.label,
    created_at: time(token.createdAt),
    expires_at: time(token.expiresAt),
    max_viewers: token.viewersMax,
    max_bitrate: token.bitrateMax ?? null,
    viewers,
  };
}

const EXAMPLE = {
  id: "Zk1Xb0QmWq3p",
  stream: "test",
  label: "shop window",
  created_at: "2026-11-20T21:03:38.000Z",
  expires_at: "2026-11-21T21:03:38.000Z",
  max_viewers: 20,
  max_bitrate: null,
  viewers: 0,
};
const TEXT = "eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl";

const mintDetail = operation({
  tag: "WebRTC",
  summary: "Make a viewer token",
  description:
    "Whoever has it may watch this stream until it expires. Only this answer contains the token itself, with HTML that shows the stream on a page. It is of use only if the stream's `webrtc.token` asks for one.",
  parameters: [STREAM_ID],
  body: {
    type: JSON_TYPE,
    optional: true,
    schema: partialSchema(TokenWishSchema),
    example: { ttl_seconds: 86_400, max_viewers: 20, label: "shop window" },
  },
  answers: {
    201: {
      description: "The token.",
      type: JSON_TYPE,
      schema: MintedTokenSchema,
      example: {
        ...EXAMPLE,
        token: TEXT,
        ...embedOf(new Request("https://media.example.org/"), "test", TEXT),
      },
    },
  },
  problems: [
    "token-request-invalid",
    "process-invalid",
    "unauthorized",
    "forbidden",
    "stream-not-found",
    "body-too-large",
    "token-limit-reached",
    "store-failed",
  ],
  access: "admin",
});

const listDetail = operation({
  tag: "WebRTC",
  summary: "List the viewer tokens of a stream",
  description:
    "Those made by this server that have not expired, newest first, without the tokens themselves.",
  parameters: [STREAM_ID],
  answers: {
    200: {
      description: "The tokens.",
      type: JSON_TYPE,
      schema: TokenSchema,
      example: [EXAMPLE],
    },
  },
  problems: ["unauthorized", "forbidden", "stream-not-found", "store-failed"],
  access: "admin",
});

const revokeDetail = operation({
  tag: "WebRTC",
  summary: "Revoke a viewer token",
  description:
    "Nobody can join with it any more, and those who watch with it are disconnected at once.",
  parameters: [
    STREAM_ID,
    { name: "token", in: "path", description: "The id from the list.", required: true },
  ],
  answers: { 204: { description: "The token is revoked." } },
  problems: ["unauthorized", "forbidden", "stream-not-found", "token-not-found", "store-failed"],
  access: "admin",
});
