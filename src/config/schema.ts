/**
 * Every setting, once: type, default, environment variable, what is allowed and what it is for.
 * The file, the environment, the messages about wrong values and the table in deploy/docs/settings.md all come from here.
 */

import { type Static, Type } from "@sinclair/typebox";
import {
  decimal,
  flag,
  group,
  list,
  SECRET_ALLOWED,
  SECRET_LENGTH_MAX,
  TOKEN_ALLOWED,
  TOKEN_PATTERN,
  text,
  whole,
} from "./schema/setting.ts";
import { WebrtcSchema } from "./schema/webrtc.ts";

/** A list of Core for the addresses of FFmpeg. */
const patterns = (env: string, description: string) =>
  list("dragonfork-pattern", {
    env,
    default: [],
    allowed: "regular expressions; in the environment with spaces between them",
    description: `${description} Regular expressions matched against the address; block wins over allow.`,
  });

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

const LoginSchema = group({
  enable: flag({
    env: "CORE_API_AUTH_ENABLE",
    default: false,
    allowed: "true or false",
    description:
      "Whether the admin routes ask for a login with name and password (`POST /api/login`), as datarhei Core's do. `CORE_API_TOKEN`, if set, still works.",
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
        "Secret from which, with name and password, the key is made that signs the tokens of the login. If empty, the server makes one and keeps it in `jwt-secret` in the database folder.",
    }),
  }),
});

const ApiSchema = group({
  read_only: flag({
    env: "CORE_API_READ_ONLY",
    default: false,
    allowed: "true or false",
    description: "Whether admin routes that change something are switched off: they answer 404.",
  }),
  token: text({
    env: "CORE_API_TOKEN",
    default: "",
    pattern: TOKEN_PATTERN,
    allowed: TOKEN_ALLOWED,
    secret: true,
    description:
      "Bearer token of the admin routes. If empty while the server listens on more than loopback, the server makes one and keeps it in `admin-token` in the database folder. Set it if a proxy is in front.",
  }),
  auth: LoginSchema,
  allowed_hosts: list("dragonfork-host", {
    env: "CORE_API_ALLOWED_HOSTS",
    default: [],
    allowed: "host names or IP addresses without scheme and port",
    description:
      "Host names under which the admin routes may be called, besides the bound address, loopback and IP addresses (against DNS rebinding).",
  }),
  allowed_origins: list("dragonfork-origin", {
    env: "CORE_API_ALLOWED_ORIGINS",
    default: [],
    allowed: "origins such as https://admin.example.org",
    description: "Origins of other sites whose pages may call the admin routes.",
  }),
});

const MediaSchema = group({
  workers: Type.Union([Type.Literal("auto"), Type.Integer({ minimum: 0, maximum: 64 })], {
    env: "CORE_MEDIA_WORKERS",
    default: "auto",
    allowed: "auto, or a whole number from 0 to 64",
    description:
      "Threads that send media, each with its own UDP port: `CORE_WEBRTC_UDP_PORT` and those after it. 0: the main thread sends; `auto`: one thread if the machine has more than two cores, else 0. More than one pays off with hundreds of viewers.",
  }),
});

const MetricsSchema = group({
  enable: flag({
    env: "CORE_METRICS_ENABLE",
    default: false,
    allowed: "true or false",
    description:
      "Whether values are kept for `POST /api/v3/metrics`. `/metrics` for Prometheus is always there.",
  }),
  range_seconds: whole({
    env: "CORE_METRICS_RANGE_SECONDS",
    default: 300,
    minimum: 1,
    maximum: 3600,
    allowed: "a whole number from 1 to 3600",
    description: "How long values are kept for `POST /api/v3/metrics`.",
  }),
  interval_seconds: whole({
    env: "CORE_METRICS_INTERVAL_SECONDS",
    default: 2,
    minimum: 1,
    maximum: 3600,
    allowed: "a whole number from 1 to 3600",
    description: "How often values are taken for `POST /api/v3/metrics`.",
  }),
  token: text({
    env: "CORE_METRICS_TOKEN",
    default: "",
    pattern: TOKEN_PATTERN,
    allowed: TOKEN_ALLOWED,
    secret: true,
    description: "If set, `/metrics` asks for this bearer token, or for the password below.",
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
    description: "If set, `/metrics` asks for name and password (Basic), or for the token above.",
  }),
  certificate_file: text({
    env: "CORE_METRICS_CERTIFICATE_FILE",
    default: "",
    allowed: "the path of a PEM file",
    description:
      "Certificate of the HTTPS proxy in front. Its expiry date is read every hour and shown in the metrics, so that an alert comes in time. Empty: none.",
  }),
  storage_scan_minutes: whole({
    env: "CORE_METRICS_STORAGE_SCAN_MINUTES",
    default: 360,
    minimum: 1,
    maximum: 10_080,
    allowed: "a whole number from 1 to 10080",
    description:
      "Minutes between two counts of the files on disk, which correct the storage bytes counted in between.",
  }),
  streams_max: whole({
    env: "CORE_METRICS_STREAMS_MAX",
    default: 100,
    minimum: 1,
    maximum: 10_000,
    allowed: "a whole number from 1 to 10000",
    description:
      "Number of streams that get their own series; all others are counted together under the stream id `other`.",
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
    description: "Events older than this are deleted.",
  }),
  max_megabytes: whole({
    env: "CORE_JOURNAL_MAX_MEGABYTES",
    default: 64,
    minimum: 1,
    maximum: 4096,
    allowed: "a whole number from 1 to 4096",
    description:
      "Size of the journal's file, above which its oldest events are deleted. 64 MB hold some 200,000 events.",
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
    description: "Name of this server for people, shown in the API.",
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
      description: "Folder of the process store. Created if missing.",
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
          "Outputs that FFmpeg may write; empty: all. Files are matched as `file:/path`, and are always in the storage folder.",
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
        description: "The only folder that FFmpeg writes files to. Created when first needed.",
      }),
      max_size_mbytes: whole({
        env: "CORE_STORAGE_DISK_MAX_SIZE_MBYTES",
        default: 0,
        minimum: 0,
        maximum: 1_000_000_000,
        allowed: "a whole number from 0 (0 = no limit)",
        description:
          "Total size of all files in the storage above which uploads are refused; it does not stop FFmpeg from writing.",
      }),
      max_upload_mbytes: whole({
        env: "CORE_STORAGE_DISK_MAX_UPLOAD_MBYTES",
        default: 1024,
        minimum: 1,
        maximum: 1_000_000,
        allowed: "a whole number from 1 to 1000000",
        description: "Size of the largest file that `PUT /api/v3/fs/disk/...` accepts.",
      }),
    }),
  }),
  log: LogSchema,
  api: ApiSchema,
  metrics: MetricsSchema,
  media: MediaSchema,
  journal: JournalSchema,
  webrtc: WebrtcSchema,
  debug: group({
    pprof: flag({
      env: "PPROF",
      default: false,
      allowed: "true or false",
      description:
        "Whether `/debug/pprof/` offers profiles of CPU and heap to those who may use the admin routes.",
    }),
  }),
  processes: Type.Array(Type.Record(Type.String(), Type.Unknown()), {
    env: "CORE_PROCESSES",
    holdsSecrets: true,
    default: [],
    maxItems: 1000,
    allowed: "a list of process records; in the environment as JSON",
    description: "The streams of this server; see “Add a camera” in README.md.",
  }),
});

export type Config = Static<typeof ConfigSchema>;
