/** The settings below `webrtc`: addresses and ports, limits, what a viewer that joins is sent, who may watch. */
import { Type } from "@sinclair/typebox";
import type { ConfigFormat } from "../formats.ts";
import {
  decimal,
  flag,
  group,
  list,
  PORT_ALLOWED,
  SECRET_ALLOWED,
  SECRET_LENGTH_MAX,
  TOKEN_ALLOWED,
  TOKEN_PATTERN,
  text,
  whole,
} from "./setting.ts";

const IceServerSchema = group({
  urls: Type.Array(Type.String({ format: "dragonfork-ice-url" satisfies ConfigFormat }), {
    minItems: 1,
    maxItems: 8,
  }),
  username: Type.Optional(Type.String({ maxLength: 512 })),
  credential: Type.Optional(Type.String({ maxLength: 512 })),
});

const WebrtcNetworkFields = {
  udp_port: whole({
    env: "CORE_WEBRTC_UDP_PORT",
    default: 8189,
    minimum: 0,
    maximum: 65_535,
    allowed: PORT_ALLOWED,
    description: "The UDP port that all viewers' media goes through. Open it in the firewall.",
  }),
  public_ips: list("dragonfork-ip", {
    env: "CORE_WEBRTC_PUBLIC_IPS",
    default: [],
    allowed: "IPv4 or IPv6 addresses that viewers can reach",
    description:
      "Addresses that viewers are told to send to. Empty: those of the network interfaces, and loopback if `address` is loopback. Set this behind NAT.",
  }),
  leg_ports: text({
    env: "CORE_WEBRTC_LEG_PORTS",
    default: "19000-19599",
    format: "dragonfork-leg-range",
    allowed: "first-last, ports from 1 to 65535, at least 6 of them",
    description:
      "Loopback UDP ports for RTP from FFmpeg. A stream with picture and sound takes 6. Never open them in the firewall.",
  }),
  media_backend: Type.Union([Type.Literal("auto"), Type.Literal("portable")], {
    env: "CORE_WEBRTC_MEDIA_BACKEND",
    default: "auto",
    allowed: "auto, portable",
    description:
      "`auto` uses UDP segmentation offload and the system's libcrypto if their self-tests pass; `portable` uses neither.",
  }),
  ice_servers: Type.Array(IceServerSchema, {
    env: "CORE_WEBRTC_ICE_SERVERS",
    default: [],
    maxItems: 16,
    secret: true,
    allowed:
      "a list of {urls: [stun:, stuns:, turn: or turns: addresses], username, credential}; in the environment as JSON",
    description:
      "STUN and TURN servers that players are told to use (Link header of the WHEP answer). Players see the credentials.",
  }),
};

const WebrtcLimitFields = {
  max_peers_total: whole({
    env: "CORE_WEBRTC_MAX_PEERS_TOTAL",
    default: 500,
    minimum: 1,
    maximum: 100_000,
    allowed: "a whole number from 1 to 100000",
    description: "Viewers of all streams together; more get 503.",
  }),
  max_peers_per_stream: whole({
    env: "CORE_WEBRTC_MAX_PEERS_PER_STREAM",
    default: 200,
    minimum: 1,
    maximum: 100_000,
    allowed: "a whole number from 1 to 100000",
    description: "Viewers of one stream, unless its process sets another limit; more get 503.",
  }),
  source_wait_seconds: decimal({
    env: "CORE_WEBRTC_SOURCE_WAIT_SECONDS",
    default: 5,
    minimum: 0,
    maximum: 60,
    allowed: "a number from 0 to 60",
    description: "How long a viewer waits for a source that is starting before it gets 504.",
  }),
  player_reports: flag({
    env: "CORE_WEBRTC_PLAYER_REPORTS",
    default: false,
    allowed: "true or false",
    description:
      "Whether the built-in player reports when its picture appeared and how long it was frozen (`dragonfork_player_*`). Nothing about the viewer is sent or kept.",
  }),
  ice_timeout_seconds: decimal({
    env: "CORE_WEBRTC_ICE_TIMEOUT_SECONDS",
    default: 15,
    minimum: 1,
    maximum: 120,
    allowed: "a number from 1 to 120",
    description: "How long a viewer may take from the WHEP answer to a secured connection.",
  }),
};

const GopCacheFields = {
  gop_cache_seconds: decimal({
    env: "CORE_WEBRTC_GOP_CACHE_SECONDS",
    default: 0,
    minimum: 0,
    maximum: 60,
    allowed: "a number from 0 to 60 (0 = no limit)",
    description:
      "A new viewer is sent the last keyframe and everything since, unless that keyframe is older than this; then it waits for the next one.",
  }),
  gop_cache_packets: whole({
    env: "CORE_WEBRTC_GOP_CACHE_PACKETS",
    default: 0,
    minimum: 0,
    maximum: 4096,
    allowed: "a whole number from 0 to 4096 (0 = as many as are kept, 4096)",
    description: "The same limit in packets.",
  }),
  gop_cache_bytes: whole({
    env: "CORE_WEBRTC_GOP_CACHE_BYTES",
    default: 0,
    minimum: 0,
    maximum: 100_000_000,
    allowed: "a whole number from 0 to 100000000 (0 = no limit)",
    description: "The same limit in bytes.",
  }),
};

const WebrtcAccessFields = {
  cors_origins: list("dragonfork-origin-or-any", {
    env: "CORE_WEBRTC_CORS_ORIGINS",
    default: ["*"],
    allowed: "* or origins such as https://www.example.org",
    description: "Sites whose pages may play the streams, and show the player in a frame.",
  }),
  whep_token: text({
    env: "CORE_WEBRTC_WHEP_TOKEN",
    default: "",
    pattern: TOKEN_PATTERN,
    allowed: TOKEN_ALLOWED,
    secret: true,
    description: "If set, players must send it as `Authorization: Bearer`.",
  }),
  viewer_secret: text({
    env: "CORE_WEBRTC_VIEWER_SECRET",
    default: "",
    // RFC 7518 §3.2: as long as the hash at least.
    pattern: "^(?:.{32,512})?$",
    allowed: "empty, or 32 to 512 characters",
    secret: true,
    description:
      "Secret shared with your program that signs viewer tokens with HS256; see “Viewer tokens” in security.md.",
  }),
  viewer_jwks: text({
    env: "CORE_WEBRTC_VIEWER_JWKS",
    default: "",
    format: "dragonfork-jwks",
    allowed: "the path of a JWKS file, an https:// URL, or an http:// URL on loopback",
    description: "Public keys of the program that signs viewer tokens with RS256 or EdDSA.",
  }),
  viewer_audience: text({
    env: "CORE_WEBRTC_VIEWER_AUDIENCE",
    default: "",
    maxLength: SECRET_LENGTH_MAX,
    allowed: SECRET_ALLOWED,
    description: "If set, viewer tokens that this server did not make must name it in `aud`.",
  }),
  session_max_age_seconds: whole({
    env: "CORE_WEBRTC_SESSION_MAX_AGE_SECONDS",
    default: 86_400,
    minimum: 0,
    maximum: 31_536_000,
    allowed: "a whole number from 0 to 31536000 (0 = no limit)",
    description:
      "How long a viewer may stay before it has to join again, with new keys, unless the process says otherwise.",
  }),
  whep_rate_per_second: decimal({
    env: "CORE_WEBRTC_WHEP_RATE_PER_SECOND",
    default: 5,
    minimum: 0,
    maximum: 100_000,
    allowed: "a number from 0 to 100000 (0 = no limit)",
    description: "WHEP requests per second from one address, on average; more get 429.",
  }),
  whep_rate_burst: whole({
    env: "CORE_WEBRTC_WHEP_RATE_BURST",
    default: 40,
    minimum: 0,
    maximum: 100_000,
    allowed: "a whole number from 0 to 100000 (0 = no limit)",
    description: "WHEP requests that one address may send at once.",
  }),
};

export const WebrtcSchema = group({
  ...WebrtcNetworkFields,
  ...WebrtcLimitFields,
  ...GopCacheFields,
  ...WebrtcAccessFields,
});
