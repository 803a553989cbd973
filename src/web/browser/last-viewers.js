// The last viewers, the newest first; each opens to what happened to it, step by step.

import {
  factsOf,
  outcomeBadge,
  outcomeLevel,
  outcomeText,
  sinceText,
  stepText,
} from "./session-words.js";

const SHOWN_MAX = 20;
const POLL_MS = 5000;

const element = (name, className, ...children) => {
  const made = document.createElement(name);
  if (className !== "") made.className = className;
  made.append(...children);
  return made;
};

/** Returns { element, show(session), showTimeline(session) }. `onOpen` is called when it is opened. */
function sessionRow(onOpen) {
  const badge = element("span", "outcome");
  const stream = element("strong", "");
  const time = element("time", "quiet");
  const words = element("span", "words");
  const facts = element("dl", "facts");
  const steps = element("ol", "timeline");
  const details = element(
    "details",
    "session",
    element("summary", "", badge, " ", stream, " ", time, " ", words),
    facts,
    steps,
  );
  details.addEventListener("toggle", () => {
    if (details.open) onOpen();
  });
  const setText = (target, text) => {
    if (target.textContent !== text) target.textContent = text;
  };
  return {
    element: details,
    show(session) {
      details.dataset.level = outcomeLevel(session);
      setText(badge, outcomeBadge(session));
      setText(stream, session.stream_id);
      time.dateTime = session.started;
      setText(time, new Date(session.started).toLocaleTimeString());
      setText(words, outcomeText(session));
    },
    showTimeline(session) {
      facts.replaceChildren(
        ...factsOf(session).map(([name, value]) =>
          element("div", "", element("dt", "", name), element("dd", "", value)),
        ),
      );
      steps.replaceChildren(
        ...session.timeline.map((step) =>
          element("li", "", element("span", "quiet", sinceText(step.ms)), " ", stepText(step)),
        ),
      );
    },
  };
}

export class LastViewers {
  /** `get(path)` asks the API; `root` holds the rows, `empty` says that there is none. */
  constructor(get, { root, empty }) {
    this.get = get;
    this.root = root;
    this.empty = empty;
    this.rows = new Map();
    this.fetchedMs = 0;
  }

  /** Called as often as the list of streams is; asks less often. */
  async show() {
    if (Date.now() - this.fetchedMs < POLL_MS) return;
    this.fetchedMs = Date.now();
    const response = await this.get(`/api/v3/webrtc/sessions?limit=${SHOWN_MAX}`);
    if (!response.ok) return;
    const sessions = await response.json();
    this.empty.hidden = sessions.length > 0;
    this.update(sessions);
    for (const { id } of sessions) {
      if (this.rows.get(id)?.element.open) await this.showTimeline(id);
    }
  }

  /** Rows are kept and moved, so that an open one stays open and focus stays where it is. */
  update(sessions) {
    const ids = new Set(sessions.map(({ id }) => id));
    for (const [id, { element: gone }] of this.rows) {
      if (ids.has(id)) continue;
      gone.remove();
      this.rows.delete(id);
    }
    sessions.forEach((session, index) => {
      const row = this.rows.get(session.id) ?? sessionRow(() => void this.showTimeline(session.id));
      this.rows.set(session.id, row);
      row.show(session);
      const there = this.root.children[index];
      if (there !== row.element) this.root.insertBefore(row.element, there ?? null);
    });
  }

  async showTimeline(id) {
    const response = await this.get(`/api/v3/webrtc/sessions/${encodeURIComponent(id)}`);
    if (response.ok) this.rows.get(id)?.showTimeline(await response.json());
  }
}
