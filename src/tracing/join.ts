/** One viewer's way from the offer to a picture: `whep.play`, with a child span for ICE and one for DTLS. */
import { ROOT_CONTEXT, type Span, SpanStatusCode, type Tracer, trace } from "@opentelemetry/api";
import type { PeerEvent } from "../peer-events.ts";
import { timeOf } from "./span-time.ts";

export class Join {
  readonly #tracer: Tracer;
  readonly #span: Span;
  /** Where the join stands: ICE, then DTLS. */
  #step: Span | undefined;
  #startedMs = 0;

  constructor(tracer: Tracer, span: Span) {
    this.#tracer = tracer;
    this.#span = span;
  }

  answered(peerId: string, atMs: number): void {
    this.#startedMs = atMs;
    this.#span.setAttribute("session.id", peerId).addEvent("answered", timeOf(atMs));
    this.#next("ice", atMs);
  }

  /** The offer was answered with an error. */
  refused(atMs: number, status: number): void {
    this.#fail(`HTTP ${status}`, atMs);
  }

  /** Nobody can follow it any longer. */
  forgotten(atMs: number): void {
    this.#step?.end(timeOf(atMs));
    this.#span.end(timeOf(atMs));
  }

  /** "ended" once nothing more is to be told. */
  peerEvent(event: PeerEvent): "goes on" | "ended" {
    // The clock of a media worker may be a little behind ours; no span ends before it began.
    const atMs = Math.max(event.atMs, this.#startedMs);
    switch (event.type) {
      case "stun_received":
        this.#step?.addEvent("first_stun", timeOf(atMs));
        return "goes on";
      case "path_selected":
        if (event.moved) return "goes on";
        this.#step?.setAttribute("ice.candidate_type", event.candidateType);
        this.#next("dtls", atMs);
        return "goes on";
      case "dtls_connected":
        this.#step?.setAttribute("dtls.cipher", event.cipher);
        return "goes on";
      case "security":
        this.#step?.addEvent(event.event, timeOf(atMs));
        return "goes on";
      case "connected":
        this.#span.setAttribute("connection.type", event.connectionType);
        this.forgotten(atMs);
        return "ended";
      case "closed":
        this.#fail(event.reason, atMs);
        return "ended";
      default:
        return "goes on";
    }
  }

  #next(name: "ice" | "dtls", atMs: number): void {
    this.#step?.end(timeOf(atMs));
    this.#startedMs = atMs;
    this.#step = this.#tracer.startSpan(
      name,
      { startTime: timeOf(atMs) },
      trace.setSpan(ROOT_CONTEXT, this.#span),
    );
  }

  #fail(reason: string, atMs: number): void {
    const status = { code: SpanStatusCode.ERROR, message: reason };
    this.#step?.setStatus(status).setAttribute("close.reason", reason);
    this.#span.setStatus(status).setAttribute("close.reason", reason);
    this.forgotten(atMs);
  }
}
