// Keeps one stream playing: opens a session, words its failure, waits, opens the next.
// It knows no page; player.js shows what it reports.

import { describeFailure, pauseMs } from "./failures.js";
import { WhepFailure, WhepSession } from "./whep-client.js";

/** A session that held this long was good: the next failure starts the back-off anew. */
const GOOD_SESSION_MS = 10_000;

export class WhepPlayer {
  #options;
  #session;
  #timer;
  #attempt = 0;
  #connectedAtMs;

  /**
   * Options: endpoint, streamId, pageHost, token, onChange(state), onTrack(event), onNote(text).
   * A state has a phase (connecting, checking, connected, waiting, failed, needs-token, stopped),
   * and after a failure its kind, title, advice and retryAtMs.
   */
  constructor(options) {
    this.#options = options;
    this.state = { phase: "stopped" };
    this.sessions = 0;
  }

  get peerConnection() {
    return this.#session?.peerConnection;
  }

  /** Numbers for the server, of the session that is open. */
  report(numbers) {
    this.#session?.report(numbers);
  }

  start() {
    clearTimeout(this.#timer);
    this.#session?.close();
    if (typeof RTCPeerConnection === "undefined") {
      this.#fail(new WhepFailure("no-webrtc"));
      return;
    }
    void this.#connect();
  }

  stop() {
    clearTimeout(this.#timer);
    this.#session?.close();
    this.#session = undefined;
    this.#change({ phase: "stopped" });
  }

  useToken(token) {
    this.#options.token = token;
    this.start();
  }

  /** The page saw no media for long although the transport is up. */
  reportSilence() {
    this.#fail(new WhepFailure("no-media"));
  }

  async #connect() {
    const { endpoint, token, onTrack, onNote } = this.#options;
    const session = new WhepSession({
      endpoint,
      token,
      onTrack,
      onNote,
      onConnected: () => this.#connected(session),
      onLost: (failure) => this.#fail(failure, session),
    });
    this.#session = session;
    this.#connectedAtMs = undefined;
    this.sessions += 1;
    onNote("Asking the server for a session");
    this.#change({ phase: "connecting" });
    try {
      await session.open();
      onNote(`Answer accepted; media from ${session.addresses.join(", ") || "unknown address"}`);
      if (this.#session === session && this.#connectedAtMs === undefined) {
        this.#change({ phase: "checking" });
      }
    } catch (error) {
      this.#fail(asFailure(error), session);
    }
  }

  #connected(session) {
    if (this.#session !== session) return;
    this.#connectedAtMs = Date.now();
    this.#change({ phase: "connected" });
  }

  #fail(failure, session = this.#session) {
    if (this.#session !== session) return;
    session?.close();
    this.#session = undefined;
    const { streamId, pageHost, token, onNote } = this.#options;
    const context = { streamId, pageHost, hasToken: Boolean(token) };
    const { title, advice, retry } = describeFailure(failure, context);
    onNote(`${title}. ${advice}`);
    const facts = { kind: failure.kind, status: failure.status, title, advice };
    if (retry === "token") {
      this.#change({ phase: "needs-token", ...facts });
    } else if (retry === "never") {
      this.#change({ phase: "failed", ...facts });
    } else {
      this.#wait(retry, failure.retryAfterSeconds, facts);
    }
  }

  #wait(retry, retryAfterSeconds, facts) {
    const held = this.#connectedAtMs !== undefined && Date.now() - this.#connectedAtMs;
    if (held !== false && held > GOOD_SESSION_MS) this.#attempt = 0;
    const attempt = this.#attempt++;
    const waitMs = pauseMs({ retry, attempt, retryAfterSeconds, random: Math.random() });
    this.#timer = setTimeout(() => void this.#connect(), waitMs);
    this.#change({ phase: "waiting", ...facts, retryAtMs: Date.now() + waitMs });
  }

  #change(state) {
    this.state = state;
    this.#options.onChange(state);
  }
}

/** Anything but a WhepFailure came from the browser's own SDP code. */
function asFailure(error) {
  if (error instanceof WhepFailure) return error;
  return new WhepFailure("answer-unusable", {
    problem: { detail: String(error?.message ?? error) },
  });
}
