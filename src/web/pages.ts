/**
 * The pages for people: list of streams, player, and their scripts, all inside the binary.
 * They speak to the server over the public HTTP API only; this room knows no stream.
 */

import { Elysia } from "elysia";
import { serveAsset } from "./asset.ts";
import adminSessionJs from "./browser/admin-session.js" with { type: "text" };
import failuresJs from "./browser/failures.js" with { type: "text" };
import lastHourJs from "./browser/last-hour.js" with { type: "text" };
import lastViewersJs from "./browser/last-viewers.js" with { type: "text" };
import mediaControlsJs from "./browser/media-controls.js" with { type: "text" };
import playerJs from "./browser/player.js" with { type: "text" };
import playerReportJs from "./browser/player-report.js" with { type: "text" };
import plotJs from "./browser/plot.js" with { type: "text" };
import sessionWordsJs from "./browser/session-words.js" with { type: "text" };
import statisticsJs from "./browser/statistics.js" with { type: "text" };
import statisticsPanelJs from "./browser/statistics-panel.js" with { type: "text" };
import statusJs from "./browser/status.js" with { type: "text" };
import streamRowJs from "./browser/stream-row.js" with { type: "text" };
import tokenStoreJs from "./browser/token-store.js" with { type: "text" };
import whepClientJs from "./browser/whep-client.js" with { type: "text" };
import whepPlayerJs from "./browser/whep-player.js" with { type: "text" };
import faviconSvg from "./favicon.svg" with { type: "text" };
import pageCss from "./page.css" with { type: "text" };
import playerCss from "./player.css" with { type: "text" };
import playerHtml from "./player.html" with { type: "text" };
import statusCss from "./status.css" with { type: "text" };
import statusHtml from "./status.html" with { type: "text" };

const ASSETS: Readonly<Record<string, string>> = {
  "admin-session.js": adminSessionJs,
  "failures.js": failuresJs,
  "favicon.svg": faviconSvg,
  "last-hour.js": lastHourJs,
  "last-viewers.js": lastViewersJs,
  "media-controls.js": mediaControlsJs,
  "page.css": pageCss,
  "player-report.js": playerReportJs,
  "player.css": playerCss,
  "player.js": playerJs,
  "plot.js": plotJs,
  "session-words.js": sessionWordsJs,
  "statistics-panel.js": statisticsPanelJs,
  "statistics.js": statisticsJs,
  "status.css": statusCss,
  "status.js": statusJs,
  "stream-row.js": streamRowJs,
  "token-store.js": tokenStoreJs,
  "whep-client.js": whepClientJs,
  "whep-player.js": whepPlayerJs,
};

export interface PagesOptions {
  /** Origins whose pages may show the player in a frame, besides our own; "*" for all. */
  readonly embedders: readonly string[];
}

/** `/`, `/player/{id}` (ids may hold slashes, encoded or not) and `/assets/{name}`. */
export function pageRoutes(options: PagesOptions): Elysia {
  const { embedders } = options;
  const app = new Elysia({ name: "pages" });
  const serve = (path: string, name: string, text: string) => serveAsset(app, path, name, { text });
  serve("/", "status.html", statusHtml);
  serveAsset(app, "/player/*", "player.html", { text: playerHtml, embedders });
  for (const [name, text] of Object.entries(ASSETS)) serve(`/assets/${name}`, name, text);
  serve("/favicon.ico", "favicon.svg", faviconSvg);
  return app;
}
