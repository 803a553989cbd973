// The list of streams: asks the API every two seconds while somebody looks.

import { keepTableRoles, streamRow } from "./stream-row.js";
import { tokenStore } from "./token-store.js";

const POLL_MS = 2000;
const ANSWER_MS_MAX = 8000;

const byId = (id) => document.getElementById(id);
const root = document.documentElement;
const token = tokenStore("api-token");
const rows = new Map();
const states = new Map();
let timer;
let running = false;

function setText(id, text) {
  const element = byId(id);
  if (element.textContent !== text) element.textContent = text;
}

async function refresh() {
  if (running) return;
  running = true;
  clearTimeout(timer);
  try {
    const response = await fetch("/api/v3/webrtc/streams", {
      headers: token.get() ? { Authorization: `Bearer ${token.get()}` } : {},
      cache: "no-store",
      signal: AbortSignal.timeout(ANSWER_MS_MAX),
    });
    if (response.ok) showStreams(await response.json());
    else await showRefusal(response);
  } catch {
    showFailure("The server does not answer. It may be restarting; this page keeps asking.");
  }
  running = false;
  // The token form ends the polling: each refused request would count against the rate limit.
  if (!document.hidden && root.dataset.state !== "needs-token")
    timer = setTimeout(refresh, POLL_MS);
}

async function showRefusal(response) {
  if (response.status === 401) {
    askForToken();
    return;
  }
  const problem = await response.json().catch(() => ({}));
  const reason = problem.detail ?? problem.message ?? response.statusText;
  showFailure(`The server refuses the list of streams (${response.status}): ${reason}`);
}

function askForToken() {
  root.dataset.state = "needs-token";
  setText("message", token.get() ? "The server did not accept this token." : "");
  byId("message").hidden = !token.get();
  byId("list").hidden = true;
  byId("token-form").hidden = false;
  byId("token").focus();
}

function showFailure(text) {
  root.dataset.state = "failed";
  setText("message", text);
  byId("message").hidden = false;
}

function showStreams(streams) {
  root.dataset.state = "ready";
  byId("message").hidden = true;
  byId("token-form").hidden = true;
  byId("list").hidden = false;
  byId("empty").hidden = streams.length > 0;
  byId("table").hidden = streams.length === 0;
  updateRows(streams);
  setText("summary", summary(streams));
  announce(streams);
}

/** Rows are kept and changed in place, so that focus and reading position survive. */
function updateRows(streams) {
  const body = byId("rows");
  const ids = new Set(streams.map((stream) => stream.id));
  for (const [id, row] of rows) {
    if (ids.has(id)) continue;
    row.element.remove();
    rows.delete(id);
  }
  streams.forEach((stream, index) => {
    let row = rows.get(stream.id);
    if (row === undefined) {
      row = streamRow(stream.id);
      rows.set(stream.id, row);
    }
    row.show(stream, Date.now());
    const there = body.children[index];
    if (there !== row.element) body.insertBefore(row.element, there ?? null);
  });
}

const counted = (count, one, many) => `${count} ${count === 1 ? one : many}`;

function summary(streams) {
  const live = streams.filter((stream) => stream.state === "live").length;
  const viewers = streams.reduce((sum, stream) => sum + stream.peers, 0);
  return `${counted(streams.length, "stream", "streams")}, ${live} live, ${counted(viewers, "viewer", "viewers")}`;
}

/** Tells a screen reader what changed, never the ticking numbers. */
function announce(streams) {
  const changes = streams
    .filter(({ id, state }) => states.has(id) && states.get(id) !== state)
    .map(({ id, state }) => `${id} is now ${state}.`);
  states.clear();
  for (const { id, state } of streams) states.set(id, state);
  if (changes.length > 0) setText("announcement", changes.join(" "));
}

byId("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  token.set(byId("token").value.trim());
  root.dataset.state = "loading";
  void refresh();
});
document.addEventListener("visibilitychange", () => {
  if (document.hidden) clearTimeout(timer);
  else if (root.dataset.state !== "needs-token") void refresh();
});
keepTableRoles(document);
void refresh();
