// One row of the stream list: made once, then changed in place.

const STATE_TEXT = { live: "Live", starting: "Starting", down: "Down" };
const CODEC_TEXT = { H264: "H.264", OPUS: "Opus" };

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

/** "2 d 3 h", "5 min", "12 s": the two largest units. */
export function durationText(seconds) {
  const units = [
    ["d", Math.floor(seconds / 86_400)],
    ["h", Math.floor(seconds / 3600) % 24],
    ["min", Math.floor(seconds / 60) % 60],
    ["s", Math.floor(seconds) % 60],
  ];
  const first = units.findIndex(([, count]) => count > 0);
  if (first === -1) return "0 s";
  return units
    .slice(first, first === 3 ? 4 : first + 2)
    .filter(([, count]) => count > 0)
    .map(([unit, count]) => `${count} ${unit}`)
    .join(" ");
}

/** What FFmpeg does for a stream, or why it does nothing, in words. */
export function sourceText({ state, process }) {
  if (process === null || process === undefined) return "No source process.";
  if (state === "live") return [process.plan ?? "", ...(process.warnings ?? [])].join(" ");
  if (process.order === "stop") return "Stopped by the operator.";
  const again =
    process.reconnect_seconds > 0 ? `, starts again in ${process.reconnect_seconds} s` : "";
  const what =
    {
      failed: `FFmpeg failed${again}.`,
      killed: `FFmpeg was killed${again}.`,
      finished: `FFmpeg has ended${again}.`,
      finishing: "FFmpeg is stopping.",
      starting: "FFmpeg is starting.",
      running: "FFmpeg runs, but no media has arrived yet.",
    }[process.exec] ?? `FFmpeg is ${process.exec}.`;
  return process.plan ? `${what} ${process.plan}` : what;
}

const codecText = (tracks) =>
  tracks.length === 0
    ? "–"
    : tracks.map(({ codec }) => CODEC_TEXT[codec.toUpperCase()] ?? codec).join(", ");

const viewersText = ({ peers, max_peers: most }) => (most > 0 ? `${peers} of ${most}` : `${peers}`);

function sinceText({ state, live_since: since }, nowMs) {
  if (state !== "live" || !since) return "";
  return `for ${durationText(Math.max(0, (nowMs - Date.parse(since)) / 1000))}`;
}

function restartsText(process) {
  const count = process?.restarts ?? 0;
  return count === 0 ? "" : `Restarted ${count === 1 ? "once" : `${count} times`}.`;
}

const ROLES = [
  ["table", "table"],
  ["thead, tbody", "rowgroup"],
  ["thead tr", "row"],
  ["thead th", "columnheader"],
];

/** The phone layout takes the table display away, and some browsers the table's meaning with it. */
export function keepTableRoles(root) {
  for (const [selector, role] of ROLES) {
    for (const part of root.querySelectorAll(selector)) part.setAttribute("role", role);
  }
}

/** Returns { element, show(stream, nowMs) }. */
export function streamRow(id) {
  const link = element("a", { href: `/player/${encodeURIComponent(id)}` }, id);
  const badge = element("span", { class: "badge" });
  const since = element("span", { class: "quiet" });
  const codecs = element("td", { role: "cell", "data-label": "Codecs" });
  const viewers = element("td", { role: "cell", class: "number", "data-label": "Viewers" });
  const source = element("p");
  const restarts = element("p", { class: "quiet" });
  const log = element("code", { class: "log" });
  const row = element(
    "tr",
    { role: "row" },
    element("th", { scope: "row", role: "rowheader" }, link),
    element(
      "td",
      { role: "cell", "data-label": "State" },
      element("div", { class: "state" }, badge, since),
    ),
    codecs,
    viewers,
    element(
      "td",
      { role: "cell", class: "source", "data-label": "Source" },
      element("div", {}, source, restarts, log),
    ),
  );
  return {
    element: row,
    show(stream, nowMs) {
      row.dataset.state = stream.state;
      badge.dataset.state = stream.state;
      setText(badge, STATE_TEXT[stream.state] ?? stream.state);
      setText(since, sinceText(stream, nowMs));
      setText(codecs, codecText(stream.tracks));
      setText(viewers, viewersText(stream));
      setText(source, sourceText(stream));
      setText(restarts, restartsText(stream.process));
      setText(log, stream.state === "live" ? "" : (stream.process?.last_logline ?? ""));
      log.hidden = log.textContent === "";
      restarts.hidden = restarts.textContent === "";
    },
  };
}
