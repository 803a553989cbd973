/** The pages in a real Chromium, with a pretended API and a pretended sender behind them. */

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import type { Page } from "playwright-core";
import { hasFirefox, openChromium, openFirefox } from "../support/browser.ts";
import {
  downStream,
  liveStream,
  problem,
  startFakeServer,
  startingStream,
} from "../support/fake-server.ts";
import { type SenderPage, senderPage } from "../support/sender-page.ts";

const TIMEOUT_MS = 30_000;

const fake = startFakeServer();
let browser: Awaited<ReturnType<typeof openChromium>>;
let page: Page;
let complaints: string[];

beforeAll(async () => {
  // The pretended sender runs in this browser too: its addresses must be plain.
  browser = await openChromium({ args: ["--disable-features=WebRtcHideLocalIpsWithMdns"] });
}, TIMEOUT_MS);

afterAll(async () => {
  await browser.close();
  await fake.stop();
});

beforeEach(async () => {
  fake.seen.length = 0;
  fake.streams = () => Response.json([liveStream]);
  page = await openPage();
});

afterEach(async () => {
  await page.close();
  expect(complaints).toEqual([]);
});

/** A page whose script errors, and whose requests to other hosts, are complaints. */
async function openPage(options: object = {}): Promise<Page> {
  complaints = [];
  const context = await browser.page.context().browser()?.newContext(options);
  if (context === undefined) throw new Error("The browser is gone.");
  const opened = await context.newPage();
  opened.on("pageerror", (error) => complaints.push(`script: ${error.message}`));
  opened.on("console", (message) => {
    // A refused request is logged by the browser itself; those are what the tests are about.
    const isRefusal = message.text().startsWith("Failed to load resource");
    if (message.type() === "error" && !isRefusal) complaints.push(`console: ${message.text()}`);
  });
  opened.on("request", (request) => {
    const { protocol, origin } = new URL(request.url());
    if (protocol !== "data:" && protocol !== "blob:" && origin !== fake.url) {
      complaints.push(`external: ${request.url()}`);
    }
  });
  await opened.route(
    (url) => url.protocol.startsWith("http") && url.origin !== fake.url,
    (route) => route.abort(),
  );
  return opened;
}

const state = (name: string) => page.waitForSelector(`html[data-state="${name}"]`);
const text = async (selector: string) => (await page.locator(selector).allInnerTexts()).join(" ");

describe("the list of streams", () => {
  test(
    "shows state, codecs, viewers and what the source does",
    async () => {
      fake.streams = () => Response.json([liveStream, startingStream, downStream]);
      await page.goto(fake.url);
      await state("ready");
      const rows = await page.locator("tbody tr").allInnerTexts();
      const words = rows.map((row) => row.replace(/\s+/g, " "));
      expect(words[0]).toMatch(/^test Live for 2 h 5 min H\.264, Opus 12 of 200 H\.264 without/);
      expect(words[1]).toContain("Starting");
      expect(words[2]).toContain("Down – 0 FFmpeg failed, starts again in 7 s. Restarted 3 times.");
      expect(words[2]).toContain("Connection refused <b>not bold</b>");
      expect(await text("#summary")).toBe("3 streams, 1 live, 12 viewers");
    },
    TIMEOUT_MS,
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
    TIMEOUT_MS,
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
    TIMEOUT_MS,
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
    TIMEOUT_MS,
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
    TIMEOUT_MS,
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
    TIMEOUT_MS,
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
    TIMEOUT_MS,
  );
});

describe("the player says what went wrong", () => {
  const codecs = { media: "video", offered: ["VP8", "VP9"], produced: "H264 42e01f" };
  const cases: readonly [string, () => Response, string, RegExp][] = [
    ["404", () => problem(404, "stream-not-found"), "waiting", /There is no stream called “test”/],
    ["409", () => problem(409, "stream-not-live"), "waiting", /not live/],
    ["406", () => problem(406, "codec-mismatch", codecs), "failed", /H264 42e01f; .* VP8, VP9/],
    [
      "503 stream",
      () => problem(503, "peer-limit-reached", { scope: "stream" }),
      "waiting",
      /This str/,
    ],
    [
      "503 global",
      () => problem(503, "peer-limit-reached", { scope: "global" }),
      "waiting",
      /The serv/,
    ],
    ["503 drain", () => problem(503, "server-draining"), "waiting", /shutting down or restarting/],
    ["504", () => problem(504, "source-timeout"), "waiting", /still starting/],
    ["429", () => problem(429, "rate-limited"), "waiting", /Too many attempts/],
    [
      "500",
      () => problem(500, "internal", { id: "abc123" }),
      "waiting",
      /Tell the operator .* abc123/,
    ],
    ["400", () => problem(400, "offer-invalid"), "failed", /Detail of offer-invalid/],
    ["403", () => problem(403, "forbidden"), "failed", /Detail of forbidden/],
    [
      "502 of a proxy",
      () => new Response("Bad gateway", { status: 502 }),
      "waiting",
      /A proxy answered/,
    ],
    [
      "nonsense",
      () => new Response("hello", { status: 201 }),
      "failed",
      /could not use the server's ans/,
    ],
  ];
  for (const [name, answer, phase, words] of cases) {
    test(
      `for ${name}`,
      async () => {
        fake.whep = answer;
        await page.goto(`${fake.url}/player/test`);
        await state(phase);
        expect(await text("#failure")).toMatch(words);
      },
      TIMEOUT_MS,
    );
  }

  test(
    "and waits as long as Retry-After asks, or until the viewer clicks",
    async () => {
      fake.whep = () => problem(409, "stream-not-live", {}, { "Retry-After": "20" });
      await page.goto(`${fake.url}/player/test`);
      await state("waiting");
      expect(await text("#countdown")).toMatch(/Next attempt in 2\d s/);
      expect(fake.seen).toHaveLength(1);
      await page.getByRole("button", { name: "Try now" }).click();
      await page.waitForSelector('html[data-sessions="2"][data-state="waiting"]');
      expect(fake.seen).toHaveLength(2);
    },
    TIMEOUT_MS,
  );

  test(
    "and tries again by itself with growing pauses",
    async () => {
      fake.whep = () => problem(409, "stream-not-live");
      await page.goto(`${fake.url}/player/test`);
      await page.waitForSelector('html[data-sessions="3"]', { timeout: 10_000 });
    },
    TIMEOUT_MS,
  );

  test(
    "takes the token of its link, and out of the address",
    async () => {
      await page.goto(`${fake.url}/player/test#token=of-a-link`);
      await state("waiting");
      expect(fake.seen[0]?.authorization).toBe("Bearer of-a-link");
      expect(page.url()).toBe(`${fake.url}/player/test`);
      await page.reload();
      await state("waiting");
      expect(fake.seen.at(-1)?.authorization).toBe("Bearer of-a-link");
      await page.evaluate('location.hash = "#token=of-another"');
      await page.waitForSelector('html[data-sessions="2"][data-state="waiting"]');
      expect(fake.seen.at(-1)?.authorization).toBe("Bearer of-another");
      expect(page.url()).toBe(`${fake.url}/player/test`);
      await page.goto(`${fake.url}/player/other`);
      await state("waiting");
      expect(fake.seen.at(-1)?.authorization).toBeNull();
    },
    TIMEOUT_MS,
  );

  test(
    "shows only the picture in a frame of another page",
    async () => {
      const body = '<iframe src="/player/test"></iframe>';
      await page.route(`${fake.url}/club`, (route) =>
        route.fulfill({ contentType: "text/html", body }),
      );
      await page.goto(`${fake.url}/club`);
      const frame = page.frameLocator("iframe");
      await frame.locator("html[data-embedded]").waitFor();
      await frame.locator("#screen").waitFor();
      expect(await frame.locator("header").isVisible()).toBe(false);
      expect(await frame.locator("#play").isVisible()).toBe(true);
    },
    TIMEOUT_MS,
  );

  test(
    "and takes a token after a 401",
    async () => {
      fake.whep = ({ authorization }) =>
        authorization === "Bearer play" ? problem(409, "stream-not-live") : problem(401, "x");
      await page.goto(`${fake.url}/player/test`);
      await state("needs-token");
      expect(await text("#failure")).toContain("needs an access token");
      await page.keyboard.type("play");
      await page.keyboard.press("Enter");
      await state("waiting");
      expect(fake.seen.at(-1)?.authorization).toBe("Bearer play");
    },
    TIMEOUT_MS,
  );

  test(
    "and that the server does not answer",
    async () => {
      await page.route("**/api/v3/whep/**", (route) => route.abort());
      await page.goto(`${fake.url}/player/test`);
      await state("waiting");
      expect(await text("#failure")).toContain("The server does not answer");
    },
    TIMEOUT_MS,
  );
});

describe("the player with a sender", () => {
  let other: Page;
  let sender: SenderPage;

  beforeEach(async () => {
    other = browser.page;
    await other.goto("about:blank");
    sender = await senderPage(other);
    fake.whep = async ({ method, path, body }) => {
      if (method === "DELETE") return new Response(null, { status: 204 });
      const answer = await sender.answer(body);
      return new Response(answer, {
        status: 201,
        headers: { "Content-Type": "application/sdp", Location: `${path}/session-1`, ETag: '"1"' },
      });
    };
  });

  test(
    "plays, shows statistics, and ends the session when the page is left",
    async () => {
      await page.goto(`${fake.url}/player/test`);
      await state("playing");
      await page.waitForSelector("html[data-fps][data-candidate-type][data-first-frame-ms]");
      const fact = (name: string) => page.locator("html").getAttribute(`data-${name}`);
      expect(Number(await fact("frames-decoded"))).toBeGreaterThan(0);
      expect(await fact("width")).toMatch(/^\d+$/);
      expect(await fact("candidate-type")).toMatch(/host|prflx/);
      const statistics = (await text("#statistics")).replace(/\s+/g, " ");
      expect(statistics).toMatch(/Frame rate \d+ fps/);
      expect(statistics).toMatch(/Audio codec opus/);
      await page.goto("about:blank");
      await waitFor(() => fake.seen.some(({ method }) => method === "DELETE"));
      expect(fake.seen.at(-1)?.path).toBe("/api/v3/whep/test/session-1");
    },
    TIMEOUT_MS,
  );

  test(
    "asks for stereo, for picture and sound, and sends neither",
    async () => {
      await page.goto(`${fake.url}/player/test`);
      await state("playing");
      const offer = fake.seen.find(({ method }) => method === "POST")?.body ?? "";
      expect(offer).toMatch(/a=fmtp:111 .*;stereo=1/);
      expect(offer.match(/^a=recvonly/gm)).toHaveLength(2);
    },
    TIMEOUT_MS,
  );

  test(
    "starts muted, and turns the sound on by one click",
    async () => {
      await page.goto(`${fake.url}/player/test`);
      await state("playing");
      expect(await page.evaluate("document.querySelector('video').muted")).toBe(true);
      await page.getByRole("button", { name: "Turn sound on" }).click();
      expect(await page.evaluate("document.querySelector('video').muted")).toBe(false);
      await page.getByRole("button", { name: "Mute", exact: true }).click();
      await page.getByRole("button", { name: "Pause" }).click();
      expect(await page.evaluate("document.querySelector('video').paused")).toBe(true);
      await page.getByRole("button", { name: "Play" }).click();
    },
    TIMEOUT_MS,
  );

  test.skipIf(!hasFirefox())(
    "plays in Firefox too",
    async () => {
      const firefox = await openFirefox();
      try {
        await firefox.page.goto(`${fake.url}/player/test`);
        await firefox.page.waitForSelector('html[data-state="playing"][data-fps][data-rtt-ms]');
        // The session of the page before may still be saying goodbye.
        const offer = fake.seen.find(({ method }) => method === "POST");
        expect(offer?.body).toMatch(/a=fmtp:\d+ .*stereo=1/);
      } finally {
        await firefox.close();
      }
    },
    TIMEOUT_MS,
  );

  test(
    "stays connected while the source restarts, but asks anew after half a minute",
    async () => {
      await page.clock.install();
      await page.goto(`${fake.url}/player/test`);
      await state("playing");
      await sender.fallSilent();
      await state("stalled");
      expect(await text("#state")).toContain("The source may be restarting");
      expect(await page.locator("html").getAttribute("data-sessions")).toBe("1");
      fake.whep = () => problem(409, "stream-not-live");
      await page.clock.fastForward(31_000);
      await page.getByRole("heading", { name: "Nothing has arrived for a while" }).waitFor();
      await page.getByRole("heading", { name: "The stream is not live" }).waitFor();
    },
    TIMEOUT_MS,
  );

  test(
    "names the UDP address when no packet gets through",
    async () => {
      fake.whep = async ({ path, body }) => {
        const answer = await sender.answer(body);
        const unreachable = answer.replaceAll(
          /^(a=candidate:\S+ \d+ \S+ \d+) \S+ \d+ /gm,
          "$1 198.51.100.7 8189 ",
        );
        const headers = { "Content-Type": "application/sdp", Location: `${path}/session-2` };
        return new Response(unreachable, { status: 201, headers });
      };
      await page.clock.install();
      await page.goto(`${fake.url}/player/test`);
      await state("checking");
      await page.clock.fastForward(20_000);
      await state("waiting");
      expect(await text("#failure")).toContain("No network path for picture and sound");
      expect(await text("#failure")).toContain("UDP 198.51.100.7:8189 gave no answer");
    },
    TIMEOUT_MS,
  );

  test(
    "reconnects when the server ends the session",
    async () => {
      await page.goto(`${fake.url}/player/test`);
      await state("playing");
      await sender.endSession();
      await state("waiting");
      expect(await text("#failure")).toContain("The server ended the session");
      await state("playing");
      expect(await page.locator("html").getAttribute("data-sessions")).toBe("2");
    },
    TIMEOUT_MS,
  );
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
    TIMEOUT_MS,
  );

  for (const colorScheme of ["light", "dark"]) {
    test(
      `with enough contrast in ${colorScheme} colours`,
      async () => {
        await page.context().close();
        page = await openPage({ colorScheme });
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
      TIMEOUT_MS,
    );
  }

  test(
    "on a phone, without scrolling sideways and with targets large enough for a thumb",
    async () => {
      await page.context().close();
      page = await openPage({ viewport: { width: 320, height: 640 } });
      fake.streams = () => Response.json([liveStream, startingStream, downStream]);
      fake.whep = () => problem(409, "stream-not-live");
      for (const path of ["/", `/player/${"a-very-long-stream-id-without-any-space".repeat(3)}`]) {
        await page.goto(`${fake.url}${path}`);
        await page.waitForSelector("html:is([data-state=ready], [data-state=waiting])");
        expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(320);
        expect(await page.evaluate(SMALL_TARGETS)).toEqual([]);
      }
    },
    TIMEOUT_MS,
  );

  test(
    "with a screen reader: landmarks, headings, a table with its header cells",
    async () => {
      await page.context().close();
      page = await openPage({ viewport: { width: 390, height: 844 } });
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
    TIMEOUT_MS,
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
    TIMEOUT_MS,
  );
});

async function waitFor(condition: () => boolean): Promise<void> {
  for (let tries = 0; !condition() && tries < 100; tries += 1) await Bun.sleep(50);
  expect(condition()).toBe(true);
}

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
