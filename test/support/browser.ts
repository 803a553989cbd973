/** Headless browsers of the machine for tests: Chromium over CDP, Firefox over WebDriver BiDi. */

import { type Page as ChromiumPage, chromium } from "playwright-core";
import puppeteer, { type Page as FirefoxPage } from "puppeteer-core";

const CHROMIUM_NAMES = ["chromium", "chromium-browser", "google-chrome"];
const FIREFOX_NAMES = ["firefox-esr", "firefox"];

/** Nothing that phones home, no GPU, and sound without a click. */
const CHROMIUM_ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-quic",
  "--autoplay-policy=no-user-gesture-required",
];

/** The first of `names` on PATH; an Error that says what to install otherwise. */
function findExecutable(names: readonly string[]): string {
  for (const name of names) {
    const path = Bun.which(name);
    if (path !== null) return path;
  }
  throw new Error(`None of ${names.join(", ")} is on PATH. Install one to run the browser tests.`);
}

export const hasFirefox = (): boolean => FIREFOX_NAMES.some((name) => Bun.which(name) !== null);

export interface ChromiumOptions {
  readonly width?: number;
  readonly height?: number;
  readonly colorScheme?: "light" | "dark";
  readonly reducedMotion?: "reduce" | "no-preference";
  /** More command line arguments. */
  readonly args?: readonly string[];
}

/** A new Chromium with one page. */
export async function openChromium(
  options: ChromiumOptions = {},
): Promise<{ page: ChromiumPage; close: () => Promise<void> }> {
  const { width = 1280, height = 800, args = [], ...more } = options;
  const browser = await chromium.launch({
    executablePath: findExecutable(CHROMIUM_NAMES),
    args: [...CHROMIUM_ARGUMENTS, ...args],
  });
  const page = await browser.newPage({ viewport: { width, height }, ...more });
  return { page, close: () => browser.close() };
}

/** A new Firefox with one page. */
export async function openFirefox(): Promise<{ page: FirefoxPage; close: () => Promise<void> }> {
  const browser = await puppeteer.launch({
    browser: "firefox",
    executablePath: findExecutable(FIREFOX_NAMES),
    headless: true,
    extraPrefsFirefox: {
      "media.autoplay.default": 0,
      "media.autoplay.blocking_policy": 0,
      // No download of plug-ins while a test runs.
      "media.gmp-manager.updateEnabled": false,
    },
  });
  const page = await browser.newPage();
  return { page, close: () => browser.close() };
}
