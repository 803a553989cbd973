// The last hour of each stream: four small plots, brought up to date as often as the server takes a sample.

import { plot } from "./plot.js";

/** More would be a wall of pictures, and many requests. */
const STREAMS_MAX = 12;

const last = (values) => values.at(-1) ?? null;
const known = (values) => values.filter((value) => value !== null);
const sum = (values) => values.reduce((total, value) => total + value, 0);

export function bitrateText(kbit) {
  if (kbit >= 10_000) return `${Math.round(kbit / 1000)} Mbit/s`;
  return kbit >= 1000 ? `${(kbit / 1000).toFixed(1)} Mbit/s` : `${Math.round(kbit)} kbit/s`;
}

const percentText = (value) => `${value >= 10 ? Math.round(value) : Math.round(value * 10) / 10} %`;
const most = (values) => Math.max(0, ...known(values));

const PLOTS = [
  {
    field: "viewers",
    title: "Viewers",
    kind: "line",
    least: 5,
    describe: (values) => ({ now: `${last(values) ?? 0}`, note: `at most ${most(values)}` }),
  },
  {
    field: "sent_kbit",
    title: "Sent",
    kind: "line",
    least: 1000,
    describe: (values) => ({
      now: bitrateText(last(values) ?? 0),
      note: `at most ${bitrateText(most(values))}`,
    }),
  },
  {
    field: "loss_percent",
    title: "Lost",
    kind: "line loss",
    least: 5,
    describe: (values) => ({
      now: last(values) === null ? "–" : percentText(last(values)),
      note: known(values).length === 0 ? "no reports" : `at most ${percentText(most(values))}`,
    }),
  },
  {
    field: "failures",
    title: "Failures",
    kind: "bars",
    least: 2,
    describe: (values) => ({ now: `${sum(values)}`, note: "in all" }),
  },
];

function card(id) {
  const plots = PLOTS.map((options) => ({ field: options.field, ...plot(options) }));
  const heading = document.createElement("h3");
  heading.textContent = id;
  const grid = document.createElement("div");
  grid.className = "plots";
  grid.append(...plots.map(({ element }) => element));
  const element = document.createElement("section");
  element.className = "hour";
  element.setAttribute("aria-label", `Last hour of ${id}`);
  element.append(heading, grid);
  return {
    element,
    fetchedMs: 0,
    intervalMs: 10_000,
    show(history) {
      this.intervalMs = history.interval_seconds * 1000;
      for (const { field, show } of plots) show(history[field]);
    },
  };
}

export class LastHour {
  /** `get(path)` asks the API; `root` holds the cards. */
  constructor(get, root) {
    this.get = get;
    this.root = root;
    this.cards = new Map();
  }

  /** Called as often as the list is; asks only for what may have a new sample. */
  async show(ids) {
    const shown = ids.slice(0, STREAMS_MAX);
    for (const [id, { element }] of this.cards) {
      if (shown.includes(id)) continue;
      element.remove();
      this.cards.delete(id);
    }
    for (const id of shown) await this.refresh(id);
  }

  async refresh(id) {
    const there = this.cards.get(id) ?? card(id);
    if (Date.now() - there.fetchedMs < there.intervalMs) return;
    there.fetchedMs = Date.now();
    const response = await this.get(`/api/v3/webrtc/streams/${encodeURIComponent(id)}/history`);
    if (!response.ok) return;
    there.show(await response.json());
    if (this.cards.has(id)) return;
    this.cards.set(id, there);
    this.root.append(there.element);
  }
}
