/** Tests of the pages in a real Chromium, with a pretended API behind them. */

import { afterAll, afterEach, beforeAll, beforeEach, expect } from "bun:test";
import type { Page } from "playwright-core";
import { openChromium } from "./browser.ts";
import { busyHour, failedSession, refusedSession, watchingSession } from "./fake-recent.ts";
import { liveStream, startFakeServer } from "./fake-server.ts";

export const PAGE_TIMEOUT_MS = 60_000;
const SESSIONS = [watchingSession, failedSession, refusedSession];

/**
 * Gives each test of the file a fresh page, and fails those whose page has script errors or asks other hosts.
 * To be called at the top of the file.
 */
export function usePages(): Pages {
  const pages = new Pages();
  beforeAll(() => pages.open(), PAGE_TIMEOUT_MS);
  afterAll(() => pages.close());
  beforeEach(async () => {
    pages.fake.seen.length = 0;
    pages.fake.streams = () => Response.json([liveStream]);
    pages.fake.history = () => Response.json(busyHour);
    pages.fake.sessions = () => SESSIONS;
    await pages.openPage();
  });
  afterEach(async () => {
    await pages.page.close();
    expect(pages.complaints).toEqual([]);
  });
  return pages;
}

type Browser = Awaited<ReturnType<typeof openChromium>>;

export class Pages {
  readonly fake = startFakeServer();
  complaints: string[] = [];
  private opened: { readonly browser: Browser } | undefined;
  private current: Page | undefined;

  /** The page of this test. */
  get page(): Page {
    if (this.current === undefined) throw new Error("No page is open.");
    return this.current;
  }

  get browser(): Browser {
    if (this.opened === undefined) throw new Error("The browser is gone.");
    return this.opened.browser;
  }

  async open(): Promise<void> {
    // A pretended sender runs in this browser too: its addresses must be plain.
    const args = ["--disable-features=WebRtcHideLocalIpsWithMdns"];
    this.opened = { browser: await openChromium({ args }) };
  }

  async close(): Promise<void> {
    await this.browser.close();
    await this.fake.stop();
  }

  /** Another page in place of the one there is, as a device with these properties has it. */
  async openPage(options: object = {}): Promise<Page> {
    await this.current?.context().close();
    this.complaints = [];
    const context = await this.browser.page.context().browser()?.newContext(options);
    if (context === undefined) throw new Error("The browser is gone.");
    const { complaints } = this;
    const { url } = this.fake;
    const opened = await context.newPage();
    opened.on("pageerror", (error) => complaints.push(`script: ${error.message}`));
    opened.on("console", (message) => {
      // A refused request is logged by the browser itself; those are what the tests are about.
      const isRefusal = message.text().startsWith("Failed to load resource");
      if (message.type() === "error" && !isRefusal) complaints.push(`console: ${message.text()}`);
    });
    opened.on("request", (request) => {
      const { protocol, origin } = new URL(request.url());
      if (protocol !== "data:" && protocol !== "blob:" && origin !== url) {
        complaints.push(`external: ${request.url()}`);
      }
    });
    await opened.route(
      (asked) => asked.protocol.startsWith("http") && asked.origin !== url,
      (route) => route.abort(),
    );
    this.current = opened;
    return opened;
  }

  state(name: string) {
    return this.page.waitForSelector(`html[data-state="${name}"]`);
  }

  /** What a person reads there. */
  async text(selector: string): Promise<string> {
    return (await this.page.locator(selector).allInnerTexts()).join(" ");
  }
}
