/**
 * The public keys that viewer tokens of others are signed with: a JWKS (RFC 7517 §5) from a file or a URL. Kept in
 * memory and fetched anew now and then; bounded in bytes, keys and time.
 */
import { readFileSync, statSync } from "node:fs";
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  customFetch,
  errors,
  type JSONWebKeySet,
  type JWTVerifyGetKey,
} from "jose";
import { KeysUnavailable } from "../errors/access.ts";

/** Finds the key of a token. Rejects with KeysUnavailable, or an error of jose where no key fits. */
export type KeySet = JWTVerifyGetKey;

const BYTES_MAX = 256 * 1024;
const KEYS_MAX = 100;
const FETCH_MS_MAX = 5000;
/** Tokens with keys that nobody knows lead to a fetch this often at most. */
const COOLDOWN_MS = 30_000;
const CACHE_MS = 10 * 60_000;
/** After a fetch that failed, the next one waits this long. */
const PAUSE_MS = 5000;
/** Keys of a server that went away are good for so long. */
const STALE_MS_MAX = 24 * 60 * 60_000;
/** How often the file is looked at. */
const FILE_CHECK_MS = 5000;

export interface KeySetOptions {
  /** A path, or a URL that begins with http:// or https://. */
  readonly place: string;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  /** Told when keys could not be had anew; the ones before go on being used. */
  readonly onFailure: (reason: string) => void;
}

/** A file is read at once: throws KeysUnavailable where it is no key set. A URL is asked with the first token. */
export function openKeySet(options: KeySetOptions): KeySet {
  return isUrl(options.place) ? remoteKeySet(options) : fileKeySet(options);
}

/** How many keys there are at a place. Rejects with the reason where they cannot be had. */
export async function countKeys(place: string): Promise<number> {
  const text = isUrl(place)
    ? await fetchText(place, { signal: AbortSignal.timeout(FETCH_MS_MAX) })
    : readFileSync(place, "utf8");
  return parseKeySet(text).keys.length;
}

function isUrl(place: string): boolean {
  return /^https?:\/\//i.test(place);
}

function fileKeySet({ place, nowMs, onFailure }: KeySetOptions): KeySet {
  let { find, changedMs } = readKeySet(place);
  let checkedMs = nowMs();
  return (header, token) => {
    if (nowMs() - checkedMs >= FILE_CHECK_MS) {
      checkedMs = nowMs();
      try {
        if (statSync(place).mtimeMs !== changedMs) ({ find, changedMs } = readKeySet(place));
      } catch (error) {
        onFailure(textOf(error));
      }
    }
    return find(header, token);
  };
}

function readKeySet(path: string): { find: KeySet; changedMs: number } {
  try {
    const { mtimeMs: changedMs, size } = statSync(path);
    if (size > BYTES_MAX) throw new Error(`it has more than ${BYTES_MAX} bytes`);
    return { find: createLocalJWKSet(parseKeySet(readFileSync(path, "utf8"))), changedMs };
  } catch (error) {
    throw new KeysUnavailable(`${path}: ${textOf(error)}`);
  }
}

function remoteKeySet({ place, nowMs, onFailure }: KeySetOptions): KeySet {
  let last = { text: "", atMs: Number.NEGATIVE_INFINITY };
  let failedMs = Number.NEGATIVE_INFINITY;
  const find = createRemoteJWKSet(new URL(place), {
    timeoutDuration: FETCH_MS_MAX,
    cooldownDuration: COOLDOWN_MS,
    cacheMaxAge: CACHE_MS,
    // Keys that were good go on being used while their server is away.
    [customFetch]: async (url, init) => {
      try {
        if (nowMs() - failedMs < PAUSE_MS) throw new Error("the last attempt has just failed");
        last = { text: await fetchText(url, init), atMs: nowMs() };
      } catch (error) {
        if (nowMs() - failedMs >= PAUSE_MS) {
          failedMs = nowMs();
          onFailure(textOf(error));
        }
        if (nowMs() - last.atMs > STALE_MS_MAX) throw error;
      }
      return new Response(last.text);
    },
  });
  return async (header, token) => {
    try {
      return await find(header, token);
    } catch (error) {
      const noKey =
        error instanceof errors.JWKSNoMatchingKey ||
        error instanceof errors.JWKSMultipleMatchingKeys ||
        error instanceof errors.JOSENotSupported;
      throw noKey ? error : new KeysUnavailable("its server does not answer.", PAUSE_MS / 1000);
    }
  };
}

/** A redirect is no answer: it could lead to a place that nobody chose. */
async function fetchText(url: string, init: RequestInit): Promise<string> {
  const response = await fetch(url, { ...init, redirect: "manual" });
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.byteLength;
    if (length > BYTES_MAX) throw new Error(`${url} sent more than ${BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString("utf8");
  parseKeySet(text);
  return text;
}

function parseKeySet(text: string): JSONWebKeySet {
  const value: unknown = JSON.parse(text);
  const keys = typeof value === "object" && value !== null ? Reflect.get(value, "keys") : undefined;
  if (!Array.isArray(keys)) throw new Error('it is no JSON object with a list "keys"');
  if (keys.length > KEYS_MAX) throw new Error(`it has more than ${KEYS_MAX} keys`);
  return { keys };
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
