/** /api/v3/events: what has happened, searched or followed live. */
import { Elysia } from "elysia";
import { FieldInvalid } from "../../errors.ts";
import type { EventView, JournalRecord } from "../../journal/entry.ts";
import { type Cursor, type EventQuery, writeCursor } from "../../journal/query/model.ts";
import { parseQuery } from "../../journal/query.ts";
import { readBody } from "../../whep/body.ts";
import { EventStreams } from "../event-stream.ts";
import { sendJson } from "../json.ts";
import { EVENT_DETAILS as details } from "./event-documentation.ts";

/** The journal, as these routes use it. */
export interface EventsApi {
  /** Rejects with JournalUnavailable. */
  search(query: EventQuery): Promise<{
    readonly records: readonly JournalRecord[];
    readonly cursor: Cursor | undefined;
  }>;
  /** Rejects with JournalUnavailable. */
  stats(): Promise<{
    readonly events: number;
    readonly byEvent: Readonly<Record<string, number>>;
    readonly oldestMs: number | undefined;
    readonly newestMs: number | undefined;
    readonly bytes: number;
  }>;
  /** Told of every event until the returned function is called. */
  listen(listener: (event: EventView) => void): () => void;
  readonly health: { readonly trouble: string | undefined; readonly dropped: number };
  readonly limits: { readonly ageMsMax: number; readonly bytesMax: number };
}

export interface EventsOptions {
  readonly events: EventsApi;
  /** Unix milliseconds. */
  readonly unixMs: () => number;
}

const PATH = "/api/v3/events";
const QUERY_BYTES_MAX = 16 * 1024;

export function eventsRoutes({ events, unixMs }: EventsOptions) {
  const streams = new EventStreams(events);
  return new Elysia({ name: "events" })
    .get(PATH, ({ request, query }) => streams.open(request, query), { detail: details.follow })
    .post(
      `${PATH}/query`,
      async ({ request, set }) => {
        const query = parseQuery(await readQuestion(request), unixMs());
        const { records, cursor } = await events.search(query);
        return sendJson(set, {
          results: records,
          cursor: cursor === undefined ? null : writeCursor(cursor),
          time_range: { from: isoTime(query.fromMs), to: isoTime(query.toMs) },
        });
      },
      { parse: "none", detail: details.query },
    )
    .get(`${PATH}/stats`, async ({ set }) => sendJson(set, await statsView(events)), {
      detail: details.stats,
    });
}

/** Of whatever content type: nothing is changed, and curl sends a form's unless told. */
async function readQuestion(request: Request): Promise<unknown> {
  const refuse = (what: string) => new FieldInvalid("body", what);
  const text = await readBody(request, QUERY_BYTES_MAX, refuse);
  try {
    return JSON.parse(text);
  } catch {
    throw refuse("expected JSON");
  }
}

async function statsView(events: EventsApi) {
  const { events: total, byEvent, oldestMs, newestMs, bytes } = await events.stats();
  const { health, limits } = events;
  return {
    total_events: total,
    events: byEvent,
    oldest: oldestMs === undefined ? null : isoTime(oldestMs),
    newest: newestMs === undefined ? null : isoTime(newestMs),
    bytes,
    max_bytes: limits.bytesMax,
    max_age_seconds: limits.ageMsMax / 1000,
    dropped_events: health.dropped,
    trouble: health.trouble ?? null,
  };
}

/** A time back may lead to before the calendar's beginning. */
function isoTime(unixMs: number): string {
  return new Date(Math.max(0, unixMs)).toISOString();
}
