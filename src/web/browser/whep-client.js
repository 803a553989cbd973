// One WHEP session from the player's side: offer, POST, answer, connection state, DELETE.
// It knows neither the page nor when to try again: whep-player.js does.

import { failureKind } from "./failures.js";
import { reportUrlFromLink } from "./player-report.js";

/** Seconds from the answer to a connected transport. The server itself gives up after 15. */
const CONNECT_SECONDS_MAX = 18;
/**
 * The server may hold the POST while a source starts (5 s by default). A request on a connection that a change of the
 * network left dead gets no answer at all: only giving it up makes the browser open another one.
 */
const ANSWER_SECONDS_MAX = 12;
/** A transport that is "disconnected" often heals by itself, as after a Wi-Fi blip. */
const DISCONNECTED_SECONDS_MAX = 5;

/** A failed attempt: `kind` is a word of failures.js, `problem` the server's RFC 9457 body. */
export class WhepFailure extends Error {
  constructor(kind, facts = {}) {
    super(kind);
    this.name = "WhepFailure";
    this.kind = kind;
    this.status = facts.status;
    this.problem = facts.problem ?? {};
    this.retryAfterSeconds = facts.retryAfterSeconds;
    this.addresses = facts.addresses ?? [];
  }
}

/** Seconds named by Retry-After (RFC 9110 §10.2.3: a number or a date), or undefined. */
export function retryAfterSeconds(value, nowMs) {
  if (value === null || value === "") return undefined;
  if (/^\d+$/.test(value)) return Number(value);
  const dateMs = Date.parse(value);
  return Number.isNaN(dateMs) ? undefined : Math.max(0, Math.ceil((dateMs - nowMs) / 1000));
}

/**
 * The offer with stereo=1 in the Opus parameters. Browsers decode to mono unless their own
 * description asks for stereo (RFC 7587 §6.1).
 */
export function withStereo(sdp) {
  const payloadType = /^a=rtpmap:(\d+) opus\/48000\/2\r?$/im.exec(sdp)?.[1];
  if (payloadType === undefined) return sdp;
  const line = new RegExp(`^a=fmtp:${payloadType} .*$`, "m");
  if (!line.test(sdp)) {
    return sdp.replace(
      new RegExp(`^(a=rtpmap:${payloadType} .*?)(\r?)$`, "m"),
      `$1$2\na=fmtp:${payloadType} stereo=1$2`,
    );
  }
  return sdp.replace(line, (found) => {
    if (/[ ;]stereo=/.test(found)) return found;
    return found.endsWith("\r") ? `${found.slice(0, -1)};stereo=1\r` : `${found};stereo=1`;
  });
}

/** STUN and TURN servers from the Link header of the answer (RFC 9725 §4.6). */
export function iceServersFromLink(header) {
  const servers = [];
  for (const [, url, rest] of (header ?? "").matchAll(/<([^>]+)>((?:\s*;[^,"]*(?:"[^"]*")?)*)/g)) {
    const parameter = (name) =>
      new RegExp(`;\\s*${name}\\s*=\\s*(?:"([^"]*)"|([^;,\\s]+))`, "i")
        .exec(rest)
        ?.slice(1)
        .find((value) => value !== undefined);
    if (parameter("rel") !== "ice-server") continue;
    const server = { urls: url };
    const username = parameter("username");
    const credential = parameter("credential");
    if (username !== undefined) server.username = username;
    if (credential !== undefined) server.credential = credential;
    servers.push(server);
  }
  return servers;
}

/** The addresses the server wants its viewers to reach, as "address:port". */
export function serverAddresses(sdp) {
  const found = new Set();
  for (const [, address, port] of sdp.matchAll(/^a=candidate:\S+ \d+ \S+ \d+ (\S+) (\d+) typ /gm)) {
    found.add(address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`);
  }
  return [...found];
}

export class WhepSession {
  #options;
  #abort = new AbortController();
  #timer;
  #closed = false;
  #wasConnected = false;

  /** Options: endpoint, token, onTrack(event), onNote(text), onConnected(), onLost(WhepFailure). */
  constructor(options) {
    this.#options = options;
    this.peerConnection = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
    this.sessionUrl = undefined;
    this.reportUrl = undefined;
    this.addresses = [];
  }

  /** Resolves when the answer is applied; media may take a moment more. Throws WhepFailure. */
  async open() {
    const pc = this.peerConnection;
    pc.addEventListener("track", (event) => this.#options.onTrack(event));
    pc.addEventListener("connectionstatechange", () => this.#connectionChanged());
    pc.addTransceiver("video", { direction: "recvonly" });
    pc.addTransceiver("audio", { direction: "recvonly" });
    const offer = withStereo((await pc.createOffer()).sdp);
    const response = await this.#post(offer);
    const answer = await response.text();
    this.addresses = serverAddresses(answer);
    // TURN servers count only if they are known before gathering starts, and that starts with
    // setLocalDescription: so the offer is posted first (RFC 9725 §4.6).
    const iceServers = iceServersFromLink(response.headers.get("link"));
    if (iceServers.length > 0) pc.setConfiguration({ ...pc.getConfiguration(), iceServers });
    await pc.setLocalDescription({ type: "offer", sdp: offer });
    await pc.setRemoteDescription({ type: "answer", sdp: answer });
    this.#watchTransport();
  }

  /** Tells the server what the viewer saw, where it asks for that. */
  report(numbers) {
    if (this.reportUrl === undefined || this.#closed) return;
    const headers = this.#headers({ "Content-Type": "application/json" });
    const body = JSON.stringify(numbers);
    fetch(this.reportUrl, { method: "POST", keepalive: true, headers, body }).catch(() => {});
  }

  /** Frees the session on both sides. `keepalive` lets the request outlive the page. */
  close() {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#abort.abort();
    this.peerConnection.close();
    if (this.sessionUrl === undefined) return;
    const request = { method: "DELETE", keepalive: true, headers: this.#headers() };
    fetch(this.sessionUrl, request).catch(() => {});
  }

  #headers(more = {}) {
    const { token } = this.#options;
    return token ? { ...more, Authorization: `Bearer ${token}` } : more;
  }

  async #post(offer) {
    let response;
    // By hand, because browsers of 2023 have no AbortSignal.any.
    const late = () => this.#abort.abort(new DOMException("No answer", "TimeoutError"));
    const timer = setTimeout(late, ANSWER_SECONDS_MAX * 1000);
    try {
      response = await fetch(this.#options.endpoint, {
        method: "POST",
        headers: this.#headers({ "Content-Type": "application/sdp" }),
        body: offer,
        signal: this.#abort.signal,
      });
    } catch (error) {
      throw new WhepFailure(error.name === "TimeoutError" ? "no-answer" : "server-unreachable");
    } finally {
      clearTimeout(timer);
    }
    if (response.status !== 201) throw await failureOf(response);
    const location = response.headers.get("location");
    if (location !== null) this.sessionUrl = new URL(location, response.url).href;
    this.reportUrl = reportUrlFromLink(response.headers.get("link"), response.url);
    return response;
  }

  #watchTransport() {
    const transport = this.peerConnection.getReceivers()[0]?.transport;
    transport?.addEventListener("statechange", () => {
      // The server says goodbye by a DTLS close: a restart, a drain, or the stream was removed.
      if (transport.state === "closed") this.#lose("session-ended");
      // Firefox calls it failed too where ICE is.
      if (transport.state === "failed") this.#lose(this.#failedKind());
    });
    if (this.#wasConnected) return;
    this.#timer = setTimeout(() => this.#lose(this.#stuckKind()), CONNECT_SECONDS_MAX * 1000);
  }

  #connectionChanged() {
    const pc = this.peerConnection;
    this.#options.onNote(`Connection: ${pc.connectionState} (ICE: ${pc.iceConnectionState})`);
    if (pc.connectionState === "connected") {
      this.#wasConnected = true;
      clearTimeout(this.#timer);
      this.#options.onConnected();
    } else if (pc.connectionState === "disconnected") {
      const waitMs = DISCONNECTED_SECONDS_MAX * 1000;
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#lose("connection-lost"), waitMs);
    } else if (pc.connectionState === "failed") {
      this.#lose(this.#failedKind());
    }
  }

  #failedKind() {
    return this.#wasConnected ? "connection-lost" : this.#stuckKind();
  }

  #stuckKind() {
    const ice = this.peerConnection.iceConnectionState;
    return ice === "connected" || ice === "completed" ? "dtls-failed" : "no-network-path";
  }

  #lose(kind) {
    if (this.#closed) return;
    clearTimeout(this.#timer);
    this.#options.onLost(new WhepFailure(kind, { addresses: this.addresses }));
  }
}

async function problemOf(response) {
  if (!(response.headers.get("content-type") ?? "").includes("json")) return {};
  return await response.json().catch(() => ({}));
}

async function failureOf(response) {
  const problem = await problemOf(response);
  return new WhepFailure(failureKind(response.status, problem), {
    status: response.status,
    problem,
    retryAfterSeconds: retryAfterSeconds(response.headers.get("retry-after"), Date.now()),
  });
}
