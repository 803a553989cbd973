/** The list of streams in a real Chromium, with a pretended API behind it. */

import { beforeEach, describe, expect, test } from "bun:test";
import type { Page } from "playwright-core";
import { busyHour, failedSession } from "../support/fake-recent.ts";
import { downStream, liveStream, problem, startingStream } from "../support/fake-server.ts";
import { PAGE_TIMEOUT_MS, usePages } from "../support/pages.ts";

const pages = usePages();
const { fake } = pages;
const state = (name: string) => pages.state(name);
const text = (selector: string) => pages.text(selector);
let page: Page;

beforeEach(() => {
  page = pages.page;
});

describe("the list of streams", () => {
  test(
    "shows state, codecs, viewers and what the source does",
    async () => {
      fake.streams = () => Response.json([liveStream, startingStream, downStream]);
      await page.goto(fake.url);
      await state("ready");
      const rows = await page.locator("tbody tr").allInnerTexts();
      const words = rows.map((row) => row.replace(/\s+/g, " "));
      expect(words[0]).toMatch(/^test Live for 2 h \d+ min H\.264, Opus 12 of 200 H\.264 without/);
      expect(words[1]).toContain("Starting");
      expect(words[2]).toContain("Down – 0 FFmpeg failed, starts again in 7 s. Restarted 3 times.");
      expect(words[2]).toContain("Connection refused <b>not bold</b>");
      expect(await text("#summary")).toBe("3 streams, 1 live, 12 viewers");
    },
    PAGE_TIMEOUT_MS,
  );

  test(
    "links to the player of an id with slashes and colons",
    async () => {
      fake.streams = () => Response.json([downStream]);
      await page.goto(fake.url);
      await page.getByRole("link", { name: downStream.id }).click();
      await page.waitForURL(`${fake.url}/player/camera%3Afront%2Fdoor.1`);
      expect(await text("h1")).toBe(downStream.id);
      await state("waiting");
      expect(fake.seen.map(({ path }) => path)).toContain("/api/v3/whep/camera%3Afront%2Fdoor.1");
    },
    PAGE_TIMEOUT_MS,
  );

  test(
    "follows changes in place and announces only a new state",
    async () => {
      await page.goto(fake.url);
      await state("ready");
      await page.locator("tbody a").focus();
      fake.streams = () => Response.json([{ ...liveStream, state: "down", peers: 0 }]);
      await page.waitForSelector("tbody tr[data-state=down]");
      expect(await page.locator("#announcement").textContent()).toBe("test is now down.");
      expect(await page.evaluate("document.activeElement.textContent")).toBe("test");
    },
    PAGE_TIMEOUT_MS,
  );

  test(
    "asks for a token after a 401, sends it, and keeps it for the tab",
    async () => {
      fake.streams = (request) =>
        request.headers.get("authorization") === "Bearer secret"
          ? Response.json([liveStream])
          : problem(401, "unauthorized");
      await page.goto(fake.url);
      await state("needs-token");
      await page.keyboard.type("wrong");
      await page.keyboard.press("Enter");
      await page.getByText("did not accept this token").waitFor();
      await page.getByLabel("Token").fill("secret");
      await page.getByRole("button", { name: "Show streams" }).click();
      await state("ready");
      await page.reload();
      await state("ready");
    },
    PAGE_TIMEOUT_MS,
  );

  test(
    "asks for name and password where there is a login, and renews the access token",
    async () => {
      let access = "first";
      fake.auths = ["localjwt"];
      fake.login = async (request) => {
        if (request.method === "GET") {
          const refresh = request.headers.get("authorization") === "Bearer refresh";
          return refresh ? Response.json({ access_token: access }) : problem(401, "unauthorized");
        }
        const { username, password } = (await request.json()) as Record<string, unknown>;
        return username === "admin" && password === "secret"
          ? Response.json({ access_token: access, refresh_token: "refresh" })
          : problem(401, "unauthorized");
      };
      fake.streams = (request) =>
        request.headers.get("authorization") === `Bearer ${access}`
          ? Response.json([liveStream])
          : problem(401, "unauthorized");
      await page.goto(fake.url);
      await state("needs-login");
      await page.getByLabel("Name").fill("admin");
      await page.getByLabel("Password").fill("guess");
      await page.keyboard.press("Enter");
      await page.getByText("Name or password is wrong.").waitFor();
      await page.getByLabel("Password").fill("secret");
      await page.getByRole("button", { name: "Log in" }).click();
      await state("ready");
      access = "second";
      fake.streams = (request) =>
        request.headers.get("authorization") === "Bearer second"
          ? Response.json([liveStream, startingStream])
          : problem(401, "unauthorized");
      await page.getByText("2 streams").waitFor();
      fake.auths = [];
      fake.login = () => problem(404, "route-not-found");
    },
    PAGE_TIMEOUT_MS,
  );

  test(
    "says that there is none, that the server fails, and that it is back",
    async () => {
      fake.streams = () => Response.json([]);
      await page.goto(fake.url);
      await page.getByText("No streams yet").waitFor();
      fake.streams = () => problem(503, "server-draining");
      await page.getByText("refuses the list of streams (503): Detail of server").waitFor();
      fake.streams = () => Response.json([liveStream]);
      await state("ready");
    },
    PAGE_TIMEOUT_MS,
  );

  test(
    "does not ask while nobody looks",
    async () => {
      let asked = 0;
      fake.streams = () => {
        asked += 1;
        return Response.json([liveStream]);
      };
      await page.goto(fake.url);
      await state("ready");
      await page.evaluate(`
        Object.defineProperty(document, "hidden", { value: true, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
      `);
      // What was on its way may arrive.
      await Bun.sleep(500);
      const before = asked;
      await Bun.sleep(2500);
      expect(asked).toBe(before);
      await page.evaluate(`
        Object.defineProperty(document, "hidden", { value: false });
        document.dispatchEvent(new Event("visibilitychange"));
      `);
      await page.waitForResponse(/streams$/);
      expect(asked).toBeGreaterThan(before);
    },
    PAGE_TIMEOUT_MS,
  );
});

describe("the last hour", () => {
  test(
    "has four plots per stream, with their figures in words",
    async () => {
      await page.goto(fake.url);
      const card = page.getByRole("region", { name: "Last hour of test" });
      await card.waitFor();
      const words = (await card.allInnerTexts()).join(" ").replace(/\s+/g, " ");
      expect(words).toBe(
        "test Viewers 0 at most 14 Sent 0 kbit/s at most 36 Mbit/s Lost 0 % at most 5 % Failures 4 in all",
      );
      const plots = await card.getByRole("img").all();
      const names = await Promise.all(plots.map((plot) => plot.getAttribute("aria-label")));
      expect(names[0]).toBe("Viewers, last hour: 0, at most 14");
      const boxes = await Promise.all(
        plots.map((plot) =>
          plot.locator("path").evaluate((path) => path.getBoundingClientRect().width),
        ),
      );
      expect(boxes).toHaveLength(4);
      for (const width of boxes) expect(width).toBeGreaterThan(20);
    },
    PAGE_TIMEOUT_MS,
  );

  test(
    "goes with its stream, and does without a server that has none",
    async () => {
      fake.history = () => problem(404, "stream-not-found");
      await page.goto(fake.url);
      await state("ready");
      await page.getByRole("heading", { name: "Last viewers" }).waitFor();
      expect(await page.locator(".hour").count()).toBe(0);
      fake.history = () => Response.json(busyHour);
      await page.reload();
      await page.locator(".hour").waitFor();
      fake.streams = () => Response.json([]);
      await page.locator(".hour").waitFor({ state: "detached" });
    },
    PAGE_TIMEOUT_MS,
  );
});

describe("the last viewers", () => {
  test(
    "say what became of each, and open to the steps by keyboard",
    async () => {
      await page.goto(fake.url);
      const rows = page.locator(".session > summary");
      await rows.first().waitFor();
      const words = (await rows.allInnerTexts()).map((row) => row.replace(/\s+/g, " "));
      expect(words[0]).toMatch(/^Watching test .* Directly, round trip 40.2 ms\.$/);
      expect(words[1]).toMatch(/^Failed test .* No packet from the viewer arrived\./);
      expect(words[2]).toMatch(/^Refused test .* Refused: no common codec\.$/);
      await rows.nth(1).focus();
      await page.keyboard.press("Enter");
      await page.getByText("closed (reason no_stun_received)").waitFor();
      const steps = (await page.locator(".session[open] li").allInnerTexts()).map((step) =>
        step.replace(/\s+/g, " "),
      );
      expect(steps).toEqual([
        "0 ms offer received",
        "4 ms offer answered",
        "15.0 s closed (reason no_stun_received)",
      ]);
      expect(await text(".session[open] .facts")).toContain(failedSession.id);
    },
    PAGE_TIMEOUT_MS,
  );

  test(
    "stay open and in focus while new ones come",
    async () => {
      fake.sessions = () => [failedSession];
      await page.goto(fake.url);
      const row = page.locator(".session > summary").first();
      await row.click();
      await page.locator(".session[open] li").first().waitFor();
      fake.sessions = () => [
        { ...failedSession, id: "another", stream_id: "lobby" },
        failedSession,
      ];
      await page.getByText("lobby").waitFor({ timeout: 10_000 });
      expect(await page.locator(".session").nth(1).getAttribute("open")).toBe("");
      expect(await page.evaluate("document.activeElement.textContent")).toContain("test");
    },
    PAGE_TIMEOUT_MS,
  );

  test(
    "are nobody at first",
    async () => {
      fake.sessions = () => [];
      await page.goto(fake.url);
      await page.getByText("Nobody yet.").waitFor();
    },
    PAGE_TIMEOUT_MS,
  );
});
