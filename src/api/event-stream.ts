/**
 * Events as they happen, as server-sent events (HTML Living Standard §9.2). Clients and what waits for each are
 * bounded: one that does not read is told to come back and look the gap up.
 */
import { FieldInvalid, ListenerLimitReached } from "../errors.ts";
import type { EventView } from "../journal/entry.ts";

export const LISTENERS_MAX = 16;
/** Events that wait for one client. */
export const WAITING_MAX = 1000;
/** Shorter than any proxy's patience, and than our own HTTP server's. */
const HEARTBEAT_MS = 10_000;
const FILTERS = ["event", "category", "severity", "stream_id", "peer_id"] as const;

export interface EventSource {
  listen(listener: (event: EventView) => void): () => void;
}

export class EventStreams {
  private readonly events: EventSource;
  private listeners = 0;

  constructor(events: EventSource) {
    this.events = events;
  }

  /** Throws FieldInvalid for a filter that is none, ListenerLimitReached. */
  open(request: Request, filters: Readonly<Record<string, unknown>>): Response {
    const wanted = filterOf(filters);
    const headers = { "content-type": "text/event-stream", "cache-control": "no-store" };
    // Elysia would read the body of a GET to its end to know its length.
    if (request.method === "HEAD") return new Response(null, { headers });
    if (this.listeners >= LISTENERS_MAX) throw new ListenerLimitReached(LISTENERS_MAX);
    this.listeners++;
    const client = new Client(this.events, wanted, () => this.listeners--);
    request.signal.addEventListener("abort", () => client.close());
    return new Response(client.stream, { headers });
  }
}

class Client {
  readonly stream: ReadableStream<Uint8Array>;
  private readonly onClosed: () => void;
  private readonly encoder = new TextEncoder();
  private readonly heartbeat: ReturnType<typeof setInterval>;
  private readonly unlisten: () => void;
  private waiting: string[] = [":\n\n"];
  private wake: (() => void) | undefined;
  private closed = false;
  private overflowed = false;

  constructor(events: EventSource, wanted: (event: EventView) => boolean, onClosed: () => void) {
    this.onClosed = onClosed;
    this.unlisten = events.listen((event) => {
      if (wanted(event)) this.add(`event: ${event.event}\ndata: ${JSON.stringify(event)}\n\n`);
      // Else the end of the server would wait for its listeners.
      if (event.event === "server_stopping") this.close();
    });
    this.heartbeat = setInterval(() => {
      if (this.waiting.length === 0) this.add(":\n\n");
    }, HEARTBEAT_MS);
    this.stream = new ReadableStream<Uint8Array>(
      { pull: (controller) => this.pull(controller), cancel: () => this.close() },
      { highWaterMark: 0 },
    );
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    clearInterval(this.heartbeat);
    this.unlisten();
    this.onClosed();
    this.wake?.();
  }

  private add(text: string): void {
    if (this.waiting.length >= WAITING_MAX) {
      this.overflowed = true;
      this.close();
      return;
    }
    this.waiting.push(text);
    this.wake?.();
  }

  private async pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    if (this.waiting.length === 0 && !this.closed) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
    const text = this.waiting.join("");
    this.waiting = [];
    if (text !== "") controller.enqueue(this.encoder.encode(text));
    if (!this.closed) return;
    if (this.overflowed)
      controller.enqueue(this.encoder.encode(": too slow, events were lost\n\n"));
    controller.close();
  }
}

function filterOf(filters: Readonly<Record<string, unknown>>): (event: EventView) => boolean {
  const wanted = Object.entries(filters).map(([name, value]) => {
    const field = FILTERS.find((known) => known === name);
    if (field === undefined || typeof value !== "string") {
      throw new FieldInvalid(name.slice(0, 64), `is no filter; expected ${FILTERS.join(", ")}`);
    }
    return { field, value };
  });
  return (event) => wanted.every(({ field, value }) => event[field] === value);
}
