/**
 * Hides credentials in any text that leaves the process: log lines, API answers, crash texts.
 * Every pattern is bounded, so that a hostile line of any length is read in linear time.
 */

const HIDDEN = "***";

/** A name that ends like this holds a secret: `token`, `api_key`, `stream-passphrase`, `auth`. */
const SECRET_NAME =
  "(?<![\\w.-])[\\w.-]{0,64}?(?:token|key|secret|password|passwd|passphrase|pass|pwd|pw|loginpas|signature|sig|credential|auth|cookies?)";

/** `scheme://user:password@`, up to the last @ of the authority, as FFmpeg itself splits a URL. */
const URL_USERINFO = /\/\/[^\s/?#"'<>]{1,1024}@/g;
/** The same with quotes or brackets inside the password, which FFmpeg takes as they are. */
const URL_QUOTED_PASSWORD =
  /\/\/[^\s:/?#@"'<>]{0,256}:(?!\d{1,5}(?:[\s/?#"'<>]|$))[^\s/?#]{0,1024}@/g;
/** The same with a slash, ? or # inside the password. A port (`host:8080/path@2x`) is no password. */
const URL_LOOSE_PASSWORD = /\/\/[^\s:/?#@"'<>]{0,256}:(?!\d{1,5}(?:[/?#]|$))[^\s@"'<>]{0,1024}@/g;
/** A URL inside the query of another one: the same with %3A%2F%2F and %40. */
const ENCODED_USERINFO = /%3A%2F%2F[^\s&"'<>]{1,1024}%40/gi;
const NAMED_VALUE = new RegExp(`(${SECRET_NAME}=)[^&\\s"'<>]+`, "gi");
/** FFmpeg's flags: in a command line, in a JSON list and in a YAML list. */
const NAMED_FLAG = new RegExp(
  `(${SECRET_NAME}(?:\\s+|["'],\\s*["']|["']?\\s+-\\s+["']?))(?<=-[\\w.-]{1,80}["',\\s-]{1,40})[^\\s"'-][^\\s"']*`,
  "gi",
);
const NAMED_JSON = new RegExp(`(${SECRET_NAME}\\\\?"\\s{0,8}:\\s{0,8}\\\\?")[^"\\\\]+`, "gi");
const AUTHORIZATION =
  /\b(authorization["']?\s{0,8}[:=]\s{0,8}["']?)(?:[a-z][\w-]{0,20}\s+)?[^\s"']+/gi;
const COOKIE_HEADER = /\b(cookie\s{0,8}:\s{0,8})[^\r\n"']+/gi;
/** `X-Api-Key: …`, as options of FFmpeg carry it. */
const KEY_HEADER = /\b(x-[\w-]{0,60}(?:key|token|secret)\s{0,8}:\s{0,8})[^\s"']+/gi;
const BEARER = /\b(bearer\s+)[\w.~+/=-]{8,}/gi;

/** The text with URL credentials and the values of token, key and password parameters replaced by ***. */
export function redact(text: string): string {
  return text
    .replace(URL_USERINFO, `//${HIDDEN}@`)
    .replace(URL_QUOTED_PASSWORD, `//${HIDDEN}@`)
    .replace(URL_LOOSE_PASSWORD, `//${HIDDEN}@`)
    .replace(ENCODED_USERINFO, `%3A%2F%2F${HIDDEN}%40`)
    .replace(AUTHORIZATION, `$1${HIDDEN}`)
    .replace(COOKIE_HEADER, `$1${HIDDEN}`)
    .replace(KEY_HEADER, `$1${HIDDEN}`)
    .replace(BEARER, `$1${HIDDEN}`)
    .replace(NAMED_VALUE, `$1${HIDDEN}`)
    .replace(NAMED_FLAG, `$1${HIDDEN}`)
    .replace(NAMED_JSON, `$1${HIDDEN}`);
}
