/** The shapes of viewer tokens in requests and answers. */
import { Type } from "@sinclair/typebox";
import type { TokenWish } from "../auth/minting.ts";
import { TokenRequestInvalid } from "../errors/access.ts";
import { type Allowed, readMembers } from "./members.ts";
import { time } from "./schema-parts.ts";

const YEAR_SECONDS = 31_536_000;

export const TokenWishSchema = Type.Object(
  {
    ttl_seconds: Type.Integer({
      minimum: 10,
      maximum: YEAR_SECONDS,
      default: 3600,
      description: "How long it is valid.",
    }),
    max_viewers: Type.Integer({
      minimum: 0,
      maximum: 100_000,
      default: 0,
      description: "How many may watch with it at once; 0 = no limit but the stream's.",
    }),
    label: Type.String({
      pattern: "^[^\\x00-\\x1f\\x7f]{0,128}$",
      default: "",
      description: "Who or what it is for. Up to 128 characters.",
    }),
    max_bitrate: Type.Optional(
      Type.Integer({
        minimum: 1000,
        maximum: 1_000_000_000,
        description: "In bit/s. The token cannot be used while the stream's bitrate is higher.",
      }),
    ),
  },
  { additionalProperties: false, description: "Every member is optional." },
);

const ALLOWED: Allowed = {
  ttl_seconds: `a whole number from 10 to ${YEAR_SECONDS}`,
  max_viewers: "a whole number from 0 to 100000",
  label: "a string of at most 128 characters without control characters",
  max_bitrate: "a whole number from 1000 to 1000000000",
};

/** Throws TokenRequestInvalid, which names each member that is wrong. A null counts as not given. */
export function parseWish(body: unknown): TokenWish {
  const wish = readMembers(TokenWishSchema, ALLOWED, body);
  if ("problems" in wish) throw new TokenRequestInvalid(wish.problems);
  const { ttl_seconds: ttlSeconds, max_viewers: viewersMax, label } = wish.value;
  return { ttlSeconds, viewersMax, label, bitrateMax: wish.value.max_bitrate };
}

const members = {
  id: Type.String({ description: "Not a secret." }),
  stream: Type.String(),
  label: Type.String(),
  created_at: time("When it was made."),
  expires_at: time("From then on it is void."),
  max_viewers: Type.Integer({ description: "0 = no limit but the stream's." }),
  max_bitrate: Type.Union([Type.Integer(), Type.Null()], { description: "Bits per second." }),
  viewers: Type.Integer({ description: "How many watch with it now." }),
};

export const TokenSchema = Type.Array(Type.Object(members, { $id: "ViewerToken" }));
export const MintedTokenSchema = Type.Object(
  {
    ...members,
    token: Type.String({ description: "What players send as Authorization: Bearer. Secret." }),
    whep_url: Type.String({ description: "For players that speak WHEP." }),
    player_url: Type.String({
      description: "The built-in player, with the token in the fragment.",
    }),
    embed: Type.String({ description: "HTML for a page that is to show the stream." }),
  },
  { $id: "MintedToken" },
);
