// The list of streams: asks the API every two seconds while somebody looks.

import { AdminSession } from "./admin-session.js";
import { LastHour } from "./last-hour.js";
import { LastViewers } from "./last-viewers.js";
import { keepTableRoles, streamRow } from "./stream-row.js";

const POLL_MS = 2000;
/** What is shown to those who may see it. */
const SECTIONS = ["list", "last-hour", "last-viewers"];

const byId = (id) => document.getElementById(id);
const root = document.documentElement;
const session = new AdminSession();
const get = (path) => session.get(path);
const lastHour = new LastHour(get, byId("hours"));
const lastViewers = new LastViewers(get, { root: byId("sessions"), empty: byId("no-viewers") });
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
    const response = await session.get("/api/v3/webrtc/streams");
    if (response.ok) {
      const streams = await response.json();
      showStreams(streams);
      await lastHour.show(streams.map(({ id }) => id));
      await lastViewers.show();
    } else await showRefusal(response);
  } catch {
    showFailure("The server does not answer. It may be restarting; this page keeps asking.");
  }
  running = false;
  // The forms end the polling: each refused request would count against the rate limit.
  if (!document.hidden && !isAsking()) timer = setTimeout(refresh, POLL_MS);
}

async function showRefusal(response) {
  if (response.status === 401) {
    if (await session.hasLogin()) askFor("login", "username", "");
    else askFor("token", "token", session.hasToken ? "The server did not accept this token." : "");
    return;
  }
  const problem = await response.json().catch(() => ({}));
  const reason = problem.detail ?? problem.message ?? response.statusText;
  showFailure(`The server refuses the list of streams (${response.status}): ${reason}`);
}

const isAsking = () => root.dataset.state.startsWith("needs-");

/** Shows the form for a "token" or a "login", with what was wrong about the last one. */
function askFor(what, field, message) {
  root.dataset.state = `needs-${what}`;
  setText("message", message);
  byId("message").hidden = message === "";
  for (const section of SECTIONS) byId(section).hidden = true;
  byId(`${what}-form`).hidden = false;
  byId(field).focus();
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
  byId("login-form").hidden = true;
  for (const section of SECTIONS) byId(section).hidden = false;
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
  session.useToken(byId("token").value.trim());
  root.dataset.state = "loading";
  void refresh();
});
byId("login-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const problem = await session
    .logIn(byId("username").value, byId("password").value)
    .catch(() => "The server does not answer.");
  if (problem !== undefined) {
    askFor("login", "password", problem);
    return;
  }
  byId("password").value = "";
  root.dataset.state = "loading";
  void refresh();
});
document.addEventListener("visibilitychange", () => {
  if (document.hidden) clearTimeout(timer);
  else if (!isAsking()) void refresh();
});
keepTableRoles(document);
void refresh();
