/** The configuration in effect in datarhei Core's shape (version 3), without secrets. */
import { TypeGuard } from "@sinclair/typebox";
import { FIELDS } from "./fields.ts";
import type { Config } from "./schema.ts";
import { getIn, isTree, setIn, type Tree } from "./tree.ts";

/** What Core's clients expect to find; this server has no such parts, or does not make them settings. */
const CORE_PARTS: Tree = {
  version: 3,
  update_check: false,
  log: { topics: [] },
  host: { name: [], auto: false },
  api: {
    access: { http: { allow: [], block: [] }, https: { allow: [], block: [] } },
    auth: { disable_localhost: false, auth0: { enable: false, tenants: [] } },
  },
  tls: { address: "", enable: false, auto: false, email: "", cert_file: "", key_file: "" },
  storage: {
    disk: {
      cache: {
        enable: false,
        max_size_mbytes: 0,
        ttl_seconds: 0,
        max_file_size_mbytes: 0,
        types: { allow: [], block: [] },
      },
    },
    memory: {
      auth: { enable: false, username: "", password: "" },
      max_size_mbytes: 0,
      purge: false,
    },
    s3: [],
    cors: { origins: [] },
    mimetypes_file: "",
  },
  rtmp: { enable: false, enable_tls: false, address: "", address_tls: "", app: "", token: "" },
  srt: {
    enable: false,
    address: "",
    passphrase: "",
    token: "",
    log: { enable: false, topics: [] },
  },
  ffmpeg: { log: { max_lines: 50, max_history: 3 } },
  playout: { enable: false, min_port: 0, max_port: 0 },
  debug: { profiling: false, force_gc: 0, memory_limit_mbytes: 0 },
  metrics: { enable_prometheus: true },
  sessions: {
    enable: true,
    ip_ignorelist: [],
    session_timeout_sec: 0,
    persist: false,
    persist_interval_sec: 0,
    max_bitrate_mbit: 0,
    max_sessions: 0,
  },
  service: { enable: false, token: "", url: "" },
  router: { blocked_prefixes: [], routes: {}, ui_path: "" },
};

/** Secrets are "" or [], and `redact` takes those out of addresses. The processes have routes of their own. */
export function coreView(config: Config, redact: (text: string) => string): Tree {
  const view = structuredClone(CORE_PARTS);
  for (const { path, schema } of FIELDS) {
    if (path[0] === "processes") continue;
    const hidden = TypeGuard.IsArray(schema) ? [] : "";
    const value = getIn(config, path);
    setIn(view, path, schema.secret ? hidden : typeof value === "string" ? redact(value) : value);
  }
  const { range_seconds: range_sec, interval_seconds: interval_sec } = config.metrics;
  setIn(view, ["metrics", "range_sec"], range_sec);
  setIn(view, ["metrics", "interval_sec"], interval_sec);
  return view;
}

/** Dotted names of the values in `wanted` that are not those of `view`. What `view` does not have is ignored. */
export function changedNames(view: Tree, wanted: Tree, prefix = ""): readonly string[] {
  return Object.entries(wanted).flatMap(([name, value]) => {
    if (!Object.hasOwn(view, name) || value === null) return [];
    const current = view[name];
    if (isTree(current) && isTree(value)) return changedNames(current, value, `${prefix}${name}.`);
    return Bun.deepEquals(current, value) ? [] : [`${prefix}${name}`];
  });
}
