// The player page: shows one stream, its state in words, and its live statistics.

import { mediaControls } from "./media-controls.js";
import { PlayerReport } from "./player-report.js";
import { judge, PictureWatch, readSample, summarize } from "./statistics.js";
import { publish, statisticsPanel } from "./statistics-panel.js";
import { streamTokenStore, tokenOfFragment } from "./token-store.js";
import { WhepPlayer } from "./whep-player.js";

const SAMPLE_MS = 1000;
/** Without a packet for this long the picture counts as stalled … */
const STALLED_MS = 3000;
/** … and after this long the server is asked anew, so that it can say why. */
const SILENT_MS_MAX = 30_000;
/** Forgotten in a tab, a paused player would load its stream for days, and keep a viewer's place. */
const PAUSED_MS_MAX = 60_000;
const NOTES_MAX = 200;
/** The verdict is of now. */
const WATCHED_PHASES = ["buffering", "playing", "paused", "still", "slow"];
const WAITING_PHASES = ["connecting", "checking", "buffering", "stalled", "interrupted"];

const byId = (id) => document.getElementById(id);
const root = document.documentElement;
const video = byId("video");
const streamId = streamIdFromPath(location.pathname);
const token = streamTokenStore(streamId);
const controls = mediaControls(video, () => player.start());
const showStatistics = statisticsPanel(byId("statistics"));
const notes = [];

let startedAtMs = 0;
let firstFrameMs;
let before;
let numbers = {};
let lastMediaAtMs = 0;
let pausedAtMs = 0;
let report;
let picture;

/** The id as the operator wrote it; it may hold slashes, encoded or not. A last plain one was added by a hand or a program. */
function streamIdFromPath(path) {
  const encoded = path.replace(/^\/player\//, "").replace(/\/$/, "");
  try {
    return decodeURIComponent(encoded);
  } catch {
    return encoded;
  }
}

/** Takes the token of a link, and takes it out of the address, so that it is not shown, shared or kept. */
function takeBroughtToken() {
  const brought = tokenOfFragment(location.hash);
  if (brought === undefined) return false;
  token.brought(brought);
  history.replaceState(history.state, "", location.pathname + location.search);
  return true;
}

function note(text) {
  const at = new Date();
  notes.push({ at: at.toISOString(), text });
  const item = document.createElement("li");
  const time = document.createElement("time");
  time.dateTime = at.toISOString();
  time.textContent = at.toLocaleTimeString();
  item.append(time, ` ${text}`);
  const list = byId("notes");
  list.append(item);
  while (notes.length > NOTES_MAX) {
    notes.shift();
    list.firstElementChild.remove();
  }
}

/** Text is written only when it changes, or a screen reader would repeat it. */
function setText(id, text) {
  const element = byId(id);
  if (element.textContent !== text) element.textContent = text;
}

const PHASE_TEXT = {
  stopped: "Paused for more than a minute: nothing is loaded until you play again.",
  connecting: "Asking the server …",
  checking: "Connecting to the media port …",
  buffering: "Connected, waiting for the first picture …",
  playing: "Playing live",
  paused: "Paused",
  still: "The picture is frozen; sound goes on.",
  slow: "This connection is too slow for the stream: only some pictures are shown until it is faster.",
  stalled:
    "No media is arriving. The source may be restarting, or the network is interrupted; the page stays connected.",
  interrupted: "The network is interrupted. The page waits for it, then connects again.",
};

takeBroughtToken();
const player = new WhepPlayer({
  endpoint: new URL(`/api/v3/whep/${encodeURIComponent(streamId)}`, location.href).href,
  streamId,
  pageHost: location.host,
  token: token.get(),
  onNote: note,
  onTrack: trackArrived,
  onChange: stateChanged,
});

function stateChanged(state) {
  if (state.phase === "connecting") {
    startedAtMs = performance.now();
    firstFrameMs = undefined;
    before = undefined;
    numbers = {};
    picture = new PictureWatch();
    setText("verdict", "");
    report = new PlayerReport((told) => player.report(told));
    video.srcObject = null;
    controls.setHasAudio(false);
  }
  if (state.phase === "connected") lastMediaAtMs = performance.now();
  controls.setStopped(state.phase === "stopped");
  showPhase();
}

/** The phase a viewer sees: connected splits by what arrives. */
function visiblePhase() {
  if (player.state.phase !== "connected") return player.state.phase;
  if (player.peerConnection?.connectionState === "disconnected") return "interrupted";
  const silent = performance.now() - lastMediaAtMs > STALLED_MS;
  if (silent && picture.state !== "slow") return "stalled";
  if (video.paused && video.srcObject !== null) return "paused";
  const hasPicture = firstFrameMs !== undefined || numbers.framesDecoded > 0;
  if (hasPicture && picture.state !== "moving") return picture.state;
  return hasPicture || !expectsVideo() ? "playing" : "buffering";
}

const expectsVideo = () =>
  video.srcObject instanceof MediaStream && video.srcObject.getVideoTracks().length > 0;

function showPhase() {
  const { state } = player;
  const phase = visiblePhase();
  const failed = state.title !== undefined;
  root.dataset.state = phase;
  root.dataset.failure = state.kind ?? "";
  root.dataset.sessions = String(player.sessions);
  setText("state", failed ? state.title : PHASE_TEXT[phase]);
  byId("failure").hidden = !failed;
  setText("state-advice", state.advice ?? "");
  setText("failure-title", state.title ?? "");
  setText("failure-advice", state.advice ?? "");
  byId("retry").hidden = !failed || phase === "needs-token";
  byId("token-form").hidden = phase !== "needs-token";
  if (phase === "needs-token" && !byId("token-form").contains(document.activeElement)) {
    byId("token").focus();
  }
  byId("verdict").hidden = !WATCHED_PHASES.includes(phase);
  byId("audio-only").hidden = phase !== "playing" || expectsVideo();
  byId("spinner").hidden = !WAITING_PHASES.includes(phase);
  showCountdown(state.retryAtMs);
}

function showCountdown(retryAtMs) {
  const seconds = retryAtMs === undefined ? 0 : Math.ceil((retryAtMs - Date.now()) / 1000);
  setText("countdown", seconds > 0 ? `Next attempt in ${seconds} s.` : "");
}

function trackArrived(event) {
  const stream = event.streams[0] ?? new MediaStream([event.track]);
  if (video.srcObject !== stream) {
    watchFirstFrame();
    // Refused only where even muted playback needs a click: the button on the picture is there for that.
    controls.show(stream).catch(() => {
      note("The browser waits for a click before it plays.");
      pausedAtMs = performance.now();
      controls.update();
    });
  }
  if (event.track.kind === "audio") controls.setHasAudio(true);
}

function watchFirstFrame() {
  const seen = () => {
    if (firstFrameMs !== undefined) return;
    firstFrameMs = Math.round(performance.now() - startedAtMs);
    note(`First picture after ${firstFrameMs} ms`);
    report.firstFrame(firstFrameMs, performance.now());
    showPhase();
  };
  if (video.requestVideoFrameCallback) video.requestVideoFrameCallback(seen);
  else video.addEventListener("loadeddata", seen, { once: true });
}

async function takeSample() {
  const pc = player.peerConnection;
  const report =
    player.state.phase === "connected" ? await pc?.getStats().catch(() => undefined) : undefined;
  if (report !== undefined && player.peerConnection === pc) showSample(readSample(report));
  stopWhenForgotten(performance.now());
  showPhase();
}

function stopWhenForgotten(nowMs) {
  const pausedMs = video.paused && video.srcObject !== null ? nowMs - pausedAtMs : 0;
  if (player.state.phase !== "connected" || pausedMs < PAUSED_MS_MAX) return;
  note("Paused for more than a minute: the session is closed");
  player.stop();
}

function showSample(sample) {
  const packetsBefore = numbers.packetsReceived ?? 0;
  numbers = { ...summarize(sample, before), firstFrameMs };
  before = sample;
  if (numbers.packetsReceived > packetsBefore) lastMediaAtMs = performance.now();
  report.sample(numbers, performance.now());
  publish(numbers);
  showStatistics(numbers);
  picture.sample(numbers, performance.now());
  const { level, text } = judge(numbers, picture);
  byId("verdict").dataset.level = level;
  setText("verdict", text);
  if (performance.now() - lastMediaAtMs > SILENT_MS_MAX) player.reportSilence();
}

function saveReport() {
  const report = {
    stream: streamId,
    page: location.href,
    browser: navigator.userAgent,
    state: player.state,
    statistics: numbers,
    events: notes,
  };
  const link = document.createElement("a");
  link.href = URL.createObjectURL(
    new Blob([JSON.stringify(report, null, 2)], { type: "application/json" }),
  );
  link.download = "dragonfork-player-report.json";
  link.click();
  URL.revokeObjectURL(link.href);
}

if (window.top !== window.self) root.dataset.embedded = "";
byId("title").textContent = streamId;
document.title = `${streamId} – Dragon Fork`;
video.setAttribute("aria-label", `Live picture of ${streamId}`);
byId("retry").addEventListener("click", () => player.start());
byId("report").addEventListener("click", saveReport);
byId("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  token.typed(byId("token").value.trim());
  player.useToken(token.get());
});
video.addEventListener("play", showPhase);
video.addEventListener("pause", () => {
  pausedAtMs = performance.now();
  showPhase();
});
window.addEventListener("hashchange", () => {
  if (takeBroughtToken()) player.useToken(token.get());
});
window.addEventListener("online", () => {
  if (player.state.phase === "waiting") player.start();
});
window.addEventListener("pagehide", () => {
  report?.end(performance.now());
  player.stop();
});
window.addEventListener("pageshow", (event) => {
  if (event.persisted) player.start();
});
setInterval(takeSample, SAMPLE_MS);
player.start();
