/**
 * Every setting, once: type, default, environment variable, what is allowed and what it is for.
 * The file, the environment, the messages about wrong values and the table in README.md all come from here.
 */

import { type Static, Type } from "@sinclair/typebox";
import type { ConfigFormat } from "./formats.ts";

/** What each setting says about itself. */
export interface FieldNotes {
  env: string;
  description: string;
  /** The allowed values in words; ends the message about a wrong one. */
  allowed: string;
  /** Never printed. */
  secret?: true;
}

/** Notes and rules of one setting with its default; a format must be one that formats.ts knows. */
interface Rules<Default> extends FieldNotes {
  default: Default;
  format?: ConfigFormat;
  pattern?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  maxItems?: number;
}

const LIST_MAX = 64;

const text = (rules: Rules<string>) => Type.String(rules);
const whole = (rules: Rules<number>) => Type.Integer(rules);
const flag = (rules: Rules<boolean>) => Type.Boolean(rules);
const decimal = (rules: Rules<number>) => Type.Number(rules);
const list = (format: ConfigFormat, rules: Rules<string[]>) =>
  Type.Array(Type.String({ format }), { maxItems: LIST_MAX, ...rules });
const group = <T extends Parameters<typeof Type.Object>[0]>(properties: T) =>
  Type.Object(properties, { additionalProperties: false });

/** A list of Core for the addresses of FFmpeg. */
const patterns = (env: string, description: string) =>
  list("dragonfork-pattern", {
    env,
    default: [],
    allowed: "regular expressions; in the environment with spaces between them",
    description: `${description} Regular expressions over the address; block wins over allow.`,
  });

/** A bearer token as RFC 6750 §2.1 writes it, so that it can stand in a header as it is. */
const TOKEN_PATTERN = "^(?:[A-Za-z0-9._~+/-]{8,512}=*)?$";
const TOKEN_ALLOWED = "empty, or 8 to 512 of A-Z a-z 0-9 . _ ~ + / -";
const PORT_ALLOWED = "a whole number from 0 to 65535 (0 = any free port)";

const LogSchema = group({
  level: Type.Union(
    [
      Type.Literal("debug"),
      Type.Literal("info"),
      Type.Literal("warn"),
      Type.Literal("error"),
      Type.Literal("silent"),
    ],
    {
      env: "CORE_LOG_LEVEL",
      default: "info",
      allowed: "debug, info, warn, error, silent",
      description: "The least important lines that are logged.",
    },
  ),
  format: Type.Union([Type.Literal("auto"), Type.Literal("json"), Type.Literal("text")], {
    env: "CORE_LOG_FORMAT",
    default: "auto",
    allowed: "auto, json, text",
    description: "`auto` writes text to a terminal and JSON lines elsewhere.",
  }),
  max_lines: whole({
    env: "CORE_LOG_MAX_LINES",
    default: 1000,
    minimum: 0,
    maximum: 100_000,
    allowed: "a whole number from 0 to 100000",
    description: "How many of the newest lines `GET /api/v3/log` can show.",
  }),
});

/** A name, password or secret of which nothing is asked but that it is not endless. */
const SECRET_LENGTH_MAX = 512;
const SECRET_ALLOWED = "up to 512 characters";

const LoginSchema = group({
  enable: flag({
    env: "CORE_API_AUTH_ENABLE",
    default: false,
    allowed: "true or false",
    description:
      "Whether the admin routes ask for a login by name and password (`POST /api/login`), as datarhei Core's do. `CORE_API_TOKEN`, where set, goes on working.",
  }),
  username: text({
    env: "CORE_API_AUTH_USERNAME",
    default: "",
    maxLength: SECRET_LENGTH_MAX,
    allowed: SECRET_ALLOWED,
    description: "Name of the login.",
  }),
  password: text({
    env: "CORE_API_AUTH_PASSWORD",
    default: "",
    maxLength: SECRET_LENGTH_MAX,
    allowed: SECRET_ALLOWED,
    secret: true,
    description: "Password of the login.",
  }),
  jwt: group({
    secret: text({
      env: "CORE_API_AUTH_JWT_SECRET",
      default: "",
      maxLength: SECRET_LENGTH_MAX,
      allowed: SECRET_ALLOWED,
      secret: true,
      description:
        "Goes into the key that signs the tokens of the login, with name and password. When it is empty, the server makes one and keeps it in `jwt-secret` in the database folder.",
    }),
  }),
});

const ApiSchema = group({
  read_only: flag({
    env: "CORE_API_READ_ONLY",
    default: false,
    allowed: "true or false",
    description: "Whether the admin routes that change something are left out: they answer 404.",
  }),
  token: text({
    env: "CORE_API_TOKEN",
    default: "",
    pattern: TOKEN_PATTERN,
    allowed: TOKEN_ALLOWED,
    secret: true,
    description:
      "Bearer token of the admin routes. When it is empty and the server listens on more than loopback, the server makes one and keeps it in `admin-token` in the database folder.",
  }),
  auth: LoginSchema,
  allowed_hosts: list("dragonfork-host", {
    env: "CORE_API_ALLOWED_HOSTS",
    default: [],
    allowed: "host names or IP addresses without scheme and port",
    description:
      "Names under which the admin routes may be called besides the bound address, loopback and IP addresses (against DNS rebinding).",
  }),
  allowed_origins: list("dragonfork-origin", {
    env: "CORE_API_ALLOWED_ORIGINS",
    default: [],
    allowed: "origins such as https://admin.example.org",
    description: "Other sites whose pages may call the admin routes.",
  }),
});

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
    description: "The one UDP port that all viewers' media goes through. Open it in the firewall.",
  }),
  public_ips: list("dragonfork-ip", {
    env: "CORE_WEBRTC_PUBLIC_IPS",
    default: [],
    allowed: "IPv4 or IPv6 addresses that viewers can reach",
    description:
      "Addresses that viewers are told to send to. Empty: those of the network interfaces, and loopback when `address` is loopback. Set it behind NAT.",
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
      "`auto` uses UDP segmentation offload and the system's libcrypto where their self-tests pass; `portable` neither.",
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
    description: "Viewers of one stream, where its process sets no other limit; more get 503.",
  }),
  source_wait_seconds: decimal({
    env: "CORE_WEBRTC_SOURCE_WAIT_SECONDS",
    default: 5,
    minimum: 0,
    maximum: 60,
    allowed: "a number from 0 to 60",
    description: "How long a viewer waits for a source that is starting, before 504.",
  }),
  player_reports: flag({
    env: "CORE_WEBRTC_PLAYER_REPORTS",
    default: false,
    allowed: "true or false",
    description:
      "Whether the built-in player tells when its picture came and how long it stood still (`dragonfork_player_*`). Nothing about the viewer is sent or kept.",
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
      "A viewer that joins is sent the last keyframe and what followed, where that is not older than this; else it waits for the next keyframe.",
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
    description: "When set, players must send it as `Authorization: Bearer`.",
  }),
  viewer_secret: text({
    env: "CORE_WEBRTC_VIEWER_SECRET",
    default: "",
    // RFC 7518 §3.2: as long as the hash at least.
    pattern: "^(?:.{32,512})?$",
    allowed: "empty, or 32 to 512 characters",
    secret: true,
    description:
      "Secret shared with a program of yours that signs viewer tokens by HS256; see “Who may watch”.",
  }),
  viewer_jwks: text({
    env: "CORE_WEBRTC_VIEWER_JWKS",
    default: "",
    format: "dragonfork-jwks",
    allowed: "the path of a JWKS file, an https:// URL, or an http:// URL on loopback",
    description: "Public keys of a program that signs viewer tokens by RS256 or EdDSA.",
  }),
  viewer_audience: text({
    env: "CORE_WEBRTC_VIEWER_AUDIENCE",
    default: "",
    maxLength: SECRET_LENGTH_MAX,
    allowed: SECRET_ALLOWED,
    description: "When set, viewer tokens that were not made here must name it in `aud`.",
  }),
  session_max_age_seconds: whole({
    env: "CORE_WEBRTC_SESSION_MAX_AGE_SECONDS",
    default: 86_400,
    minimum: 0,
    maximum: 31_536_000,
    allowed: "a whole number from 0 to 31536000 (0 = no limit)",
    description:
      "After this time a viewer has to join anew, with new keys, where its process says nothing else.",
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

const MediaSchema = group({
  workers: Type.Union([Type.Literal("auto"), Type.Integer({ minimum: 0, maximum: 64 })], {
    env: "CORE_MEDIA_WORKERS",
    default: "auto",
    allowed: "auto, or a whole number from 0 to 64",
    description:
      "Threads that send media, each with a UDP port of its own: `CORE_WEBRTC_UDP_PORT` and those after it. 0: no thread of its own; `auto`: one where the machine has more than two cores, else none. More are for hundreds of viewers.",
  }),
});

const MetricsSchema = group({
  enable: flag({
    env: "CORE_METRICS_ENABLE",
    default: false,
    allowed: "true or false",
    description:
      "Whether `POST /api/v3/metrics` can look back. `/metrics` for Prometheus is there in any case.",
  }),
  range_seconds: whole({
    env: "CORE_METRICS_RANGE_SECONDS",
    default: 300,
    minimum: 1,
    maximum: 3600,
    allowed: "a whole number from 1 to 3600",
    description: "How far back.",
  }),
  interval_seconds: whole({
    env: "CORE_METRICS_INTERVAL_SECONDS",
    default: 2,
    minimum: 1,
    maximum: 3600,
    allowed: "a whole number from 1 to 3600",
    description: "How often values are taken for it.",
  }),
  token: text({
    env: "CORE_METRICS_TOKEN",
    default: "",
    pattern: TOKEN_PATTERN,
    allowed: TOKEN_ALLOWED,
    secret: true,
    description: "When set, `/metrics` asks for this bearer token, or for the password below.",
  }),
  username: text({
    env: "CORE_METRICS_USERNAME",
    default: "",
    // RFC 7617 §2: a colon would end it.
    pattern: `^[^:]{0,${SECRET_LENGTH_MAX}}$`,
    allowed: `${SECRET_ALLOWED}, no colon`,
    description: "Name that goes with the password.",
  }),
  password: text({
    env: "CORE_METRICS_PASSWORD",
    default: "",
    maxLength: SECRET_LENGTH_MAX,
    allowed: SECRET_ALLOWED,
    secret: true,
    description: "When set, `/metrics` asks for name and password (Basic), or for the token above.",
  }),
  certificate_file: text({
    env: "CORE_METRICS_CERTIFICATE_FILE",
    default: "",
    allowed: "the path of a PEM file",
    description:
      "The certificate of the HTTPS proxy in front. Its end is read every hour and shown in the metrics, so that an alert comes in time. Empty: none.",
  }),
  storage_scan_minutes: whole({
    env: "CORE_METRICS_STORAGE_SCAN_MINUTES",
    default: 360,
    minimum: 1,
    maximum: 10_080,
    allowed: "a whole number from 1 to 10080",
    description:
      "Minutes between two looks at the files on disk, which put the counted storage bytes right.",
  }),
  streams_max: whole({
    env: "CORE_METRICS_STREAMS_MAX",
    default: 100,
    minimum: 1,
    maximum: 10_000,
    allowed: "a whole number from 1 to 10000",
    description:
      "Streams that have series of their own; further ones count together under the stream id `other`.",
  }),
});

const JournalSchema = group({
  path: text({
    env: "CORE_JOURNAL_PATH",
    default: "",
    maxLength: 4096,
    allowed: "empty, or the path of a file",
    description: "File of the event journal. Empty: `journal.sqlite` in the database folder.",
  }),
  max_age_days: decimal({
    env: "CORE_JOURNAL_MAX_AGE_DAYS",
    default: 30,
    minimum: 0.01,
    maximum: 3650,
    allowed: "a number from 0.01 to 3650",
    description: "Events older than this are taken out of the journal.",
  }),
  max_megabytes: whole({
    env: "CORE_JOURNAL_MAX_MEGABYTES",
    default: 64,
    minimum: 1,
    maximum: 4096,
    allowed: "a whole number from 1 to 4096",
    description:
      "Size of the journal's file, above which its oldest events go. 64 MB hold some 200,000 events.",
  }),
});

export const ConfigSchema = group({
  id: text({
    env: "CORE_ID",
    default: "dragonfork",
    pattern: "^[\\x21-\\x7e]{1,128}$",
    allowed: "1 to 128 visible ASCII characters without spaces",
    description: "Name of this server in the `core` label of its metrics.",
  }),
  name: text({
    env: "CORE_NAME",
    default: "Dragon Fork",
    pattern: "^[^\\x00-\\x1f\\x7f]{1,128}$",
    allowed: "1 to 128 characters",
    description: "Name for people, shown in the API.",
  }),
  address: text({
    env: "CORE_ADDRESS",
    default: "127.0.0.1:8080",
    format: "dragonfork-address",
    allowed: "host:port, or :port for all interfaces; port 0 to 65535 (0 = any free port)",
    description: "Where HTTP listens: pages, WHEP, API and metrics.",
  }),
  db: group({
    dir: text({
      env: "CORE_DB_DIR",
      default: "./config",
      minLength: 1,
      allowed: "the path of a folder that the server may write to",
      description: "Folder of the process store. Made when missing.",
    }),
  }),
  ffmpeg: group({
    binary: text({
      env: "CORE_FFMPEG_BINARY",
      default: "ffmpeg",
      minLength: 1,
      allowed: "a path, or a name on the PATH",
      description: "The FFmpeg to run.",
    }),
    max_processes: whole({
      env: "CORE_FFMPEG_MAXPROCESSES",
      default: 0,
      minimum: 0,
      maximum: 10_000,
      allowed: "a whole number from 0 to 10000 (0 = no limit)",
      description: "How many FFmpeg processes may run at once.",
    }),
    access: group({
      input: group({
        allow: patterns(
          "CORE_FFMPEG_ACCESS_INPUT_ALLOW",
          "Inputs that FFmpeg may read; empty: all.",
        ),
        block: patterns("CORE_FFMPEG_ACCESS_INPUT_BLOCK", "Inputs that FFmpeg may not read."),
      }),
      output: group({
        allow: patterns(
          "CORE_FFMPEG_ACCESS_OUTPUT_ALLOW",
          "Outputs that FFmpeg may write; empty: all. Files have the form `file:/path`, and are always in the storage folder.",
        ),
        block: patterns("CORE_FFMPEG_ACCESS_OUTPUT_BLOCK", "Outputs that FFmpeg may not write."),
      }),
    }),
  }),
  storage: group({
    disk: group({
      dir: text({
        env: "CORE_STORAGE_DISK_DIR",
        default: "./data",
        minLength: 1,
        allowed: "the path of a folder that the server may write to",
        description: "The only folder that FFmpeg writes files to. Made when it is first needed.",
      }),
      max_size_mbytes: whole({
        env: "CORE_STORAGE_DISK_MAX_SIZE_MBYTES",
        default: 0,
        minimum: 0,
        maximum: 1_000_000_000,
        allowed: "a whole number from 0 (0 = no limit)",
        description:
          "Size of all files in the storage above which uploads are refused; FFmpeg is not stopped by it.",
      }),
      max_upload_mbytes: whole({
        env: "CORE_STORAGE_DISK_MAX_UPLOAD_MBYTES",
        default: 1024,
        minimum: 1,
        maximum: 1_000_000,
        allowed: "a whole number from 1 to 1000000",
        description: "Size of the largest file that `PUT /api/v3/fs/disk/...` takes.",
      }),
    }),
  }),
  log: LogSchema,
  api: ApiSchema,
  metrics: MetricsSchema,
  media: MediaSchema,
  journal: JournalSchema,
  webrtc: group({
    ...WebrtcNetworkFields,
    ...WebrtcLimitFields,
    ...GopCacheFields,
    ...WebrtcAccessFields,
  }),
  debug: group({
    pprof: flag({
      env: "PPROF",
      default: false,
      allowed: "true or false",
      description:
        "Whether `/debug/pprof/` offers profiles of CPU and heap to who may use the admin routes.",
    }),
  }),
  processes: Type.Array(Type.Record(Type.String(), Type.Unknown()), {
    env: "CORE_PROCESSES",
    default: [],
    maxItems: 1000,
    allowed: "a list of process records; in the environment as JSON",
    description: "The streams of this server; see “Add a camera”.",
  }),
});

export type Config = Static<typeof ConfigSchema>;
