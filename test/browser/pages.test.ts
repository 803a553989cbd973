/** What holds for all pages, in a real Chromium. */

import { beforeEach, describe, expect, test } from "bun:test";
import type { Page } from "playwright-core";
import { downStream, liveStream, problem, startingStream } from "../support/fake-server.ts";
import { PAGE_TIMEOUT_MS, usePages } from "../support/pages.ts";

const pages = usePages();
const { fake } = pages;
const state = (name: string) => pages.state(name);
let page: Page;

beforeEach(() => {
  page = pages.page;
});

describe("everybody can use the pages", () => {
  /** Names of what the Tab key reaches, in order. */
  async function tabStops(count: number): Promise<string[]> {
    const stops: string[] = [];
    for (let index = 0; index < count; index += 1) {
      await page.keyboard.press("Tab");
      stops.push(
        await page.evaluate(
          "(document.activeElement.getAttribute('aria-label') || document.activeElement.textContent).trim()",
        ),
      );
    }
    return stops;
  }

  const HEADER = ["Dragon Fork", "Streams", "API", "Metrics"];

  test(
    "with the keyboard, in reading order",
    async () => {
      fake.streams = () => Response.json([liveStream, downStream]);
      await page.goto(fake.url);
      await state("ready");
      const list = ["Skip to the streams", ...HEADER, "test", downStream.id];
      expect(await tabStops(list.length)).toEqual(list);

      fake.whep = () => problem(406, "codec-mismatch");
      await page.goto(`${fake.url}/player/test`);
      await state("failed");
      const player = ["Skip to the player", ...HEADER, "Try now", "All streams"];
      expect(await tabStops(player.length)).toEqual(player);
    },
    PAGE_TIMEOUT_MS,
  );

  for (const colorScheme of ["light", "dark"]) {
    test(
      `with enough contrast in ${colorScheme} colours`,
      async () => {
        page = await pages.openPage({ colorScheme });
        fake.streams = () => Response.json([liveStream, startingStream, downStream]);
        fake.whep = () => problem(406, "codec-mismatch");
        for (const [path, phase] of [
          ["/", "ready"],
          ["/player/test", "failed"],
        ] as const) {
          await page.goto(`${fake.url}${path}`);
          await state(phase);
          expect(await page.evaluate(LOW_CONTRAST)).toEqual([]);
        }
      },
      PAGE_TIMEOUT_MS,
    );
  }

  test(
    "on a phone, without scrolling sideways and with targets large enough for a thumb",
    async () => {
      page = await pages.openPage({ viewport: { width: 320, height: 640 } });
      fake.streams = () => Response.json([liveStream, startingStream, downStream]);
      fake.whep = () => problem(409, "stream-not-live");
      for (const path of ["/", `/player/${"a-very-long-stream-id-without-any-space".repeat(3)}`]) {
        await page.goto(`${fake.url}${path}`);
        await page.waitForSelector("html:is([data-state=ready], [data-state=waiting])");
        expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(320);
        expect(await page.evaluate(SMALL_TARGETS)).toEqual([]);
        expect(await page.evaluate(CUT_OFF)).toEqual([]);
      }
    },
    PAGE_TIMEOUT_MS,
  );

  test(
    "on a tablet, without words that are broken by letters",
    async () => {
      page = await pages.openPage({ viewport: { width: 800, height: 600 } });
      await page.goto(fake.url);
      await state("ready");
      const codecs = await page.locator('td[data-label="Codecs"]').first().boundingBox();
      expect(codecs?.width).toBeGreaterThan(60);
    },
    PAGE_TIMEOUT_MS,
  );

  test(
    "with a screen reader: landmarks, headings, a table with its header cells",
    async () => {
      page = await pages.openPage({ viewport: { width: 390, height: 844 } });
      await page.goto(fake.url);
      await state("ready");
      const tree = await page.locator("body").ariaSnapshot();
      for (const part of ["banner", "navigation", "main", 'heading "Streams" [level=1]']) {
        expect(tree).toContain(part);
      }
      expect(tree).toContain("table");
      expect(tree).toContain('columnheader "Viewers"');
      expect(tree).toContain('rowheader "test"');
    },
    PAGE_TIMEOUT_MS,
  );
});

describe("the API page", () => {
  test(
    "works offline, lists the routes and tries one out",
    async () => {
      await page.goto(`${fake.url}/swagger`);
      await page.getByText("/api/v3/webrtc/streams").waitFor();
      await page.getByRole("button", { name: "GET /api/v3/webrtc/streams" }).first().click();
      await page.getByRole("button", { name: "Try it out" }).click();
      await page.getByRole("button", { name: "Execute" }).click();
      await page.getByText("Response headers").waitFor();
    },
    PAGE_TIMEOUT_MS,
  );
});

/** Visible texts whose contrast to the ground behind them is below 4.5 (WCAG 2.2, 1.4.3). */
const LOW_CONTRAST = `(() => {
  const parse = (colour) => {
    const [r, g, b, a = 1] = colour.match(/[\\d.]+/g).map(Number);
    return { r, g, b, a };
  };
  const luminance = ({ r, g, b }) => {
    const part = (value) => {
      const c = value / 255;
      return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    };
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  };
  const ground = (element) => {
    for (let node = element; node; node = node.parentElement) {
      const colour = parse(getComputedStyle(node).backgroundColor);
      if (colour.a > 0.9) return colour;
    }
    return { r: 255, g: 255, b: 255 };
  };
  const found = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    if (!own || !element.checkVisibility() || element.disabled) continue;
    if (element.closest("button:disabled")) continue;
    const [a, b] = [parse(getComputedStyle(element).color), ground(element)].map(luminance);
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) found.push(element.textContent.trim() + " " + ratio.toFixed(2));
  }
  return found;
})()`;

/** Buttons and links below 24 by 24 CSS pixels (WCAG 2.2, 2.5.8). */
const SMALL_TARGETS = `[...document.querySelectorAll("a:not(.skip), button, summary, input")]
  .filter((element) => element.checkVisibility())
  .map((element) => ({ box: element.getBoundingClientRect(), name: element.textContent.trim() }))
  .filter(({ box }) => box.width < 24 || box.height < 24)
  .map(({ name }) => name)`;

/** What of the player's message lies above or below the black box that shows it. */
const CUT_OFF = `[...document.querySelectorAll("#failure > *, #failure a")]
  .filter((element) => element.checkVisibility())
  .filter((element) => {
    const [inner, outer] = [element, document.querySelector("#screen")].map((one) => one.getBoundingClientRect());
    return inner.top < outer.top || inner.bottom > outer.bottom;
  })
  .map((element) => element.id || element.textContent.trim())`;
