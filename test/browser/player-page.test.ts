/** The player in a real Chromium, with a pretended API and a pretended sender behind it. */

import { beforeEach, describe, expect, test } from "bun:test";
import type { Page } from "playwright-core";
import { hasFirefox, openFirefox } from "../support/browser.ts";
import { problem } from "../support/fake-server.ts";
import { PAGE_TIMEOUT_MS, usePages } from "../support/pages.ts";
import { type SenderPage, senderPage } from "../support/sender-page.ts";

/** As phones do that save power: play() is refused until the viewer clicks. */
const REFUSE_AUTOPLAY = `
  let clicked = false;
  addEventListener("click", () => (clicked = true), { capture: true });
  const play = HTMLMediaElement.prototype.play;
  HTMLMediaElement.prototype.play = function () {
    if (clicked) return play.call(this);
    return Promise.reject(new DOMException("", "NotAllowedError"));
  };
`;

const pages = usePages();
const { fake } = pages;
const state = (name: string) => pages.state(name);
const text = (selector: string) => pages.text(selector);
let page: Page;

beforeEach(() => {
  page = pages.page;
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
        // It tries again by itself, and then says the same.
        await page.locator("#failure").filter({ hasText: words }).waitFor();
      },
      PAGE_TIMEOUT_MS,
    );
  }

  test(
    "and waits as long as Retry-After asks, or until the viewer clicks",
    async () => {
      fake.whep = () => problem(409, "stream-not-live", {}, { "Retry-After": "28" });
      await page.goto(`${fake.url}/player/test`);
      await state("waiting");
      expect(await text("#countdown")).toMatch(/Next attempt in [23]\d s/);
      expect(fake.seen).toHaveLength(1);
      await page.getByRole("button", { name: "Try now" }).click();
      await page.waitForSelector('html[data-sessions="2"][data-state="waiting"]');
      expect(fake.seen).toHaveLength(2);
    },
    PAGE_TIMEOUT_MS,
  );

  test(
    "and tries again by itself with growing pauses",
    async () => {
      fake.whep = () => problem(409, "stream-not-live");
      await page.goto(`${fake.url}/player/test`);
      await page.waitForSelector('html[data-sessions="3"]', { timeout: 20_000 });
    },
    PAGE_TIMEOUT_MS,
  );

  test(
    "takes the token of its link, and out of the address",
    async () => {
      // No attempt by itself while the test looks.
      fake.whep = () => problem(409, "stream-not-live", {}, { "Retry-After": "300" });
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
    PAGE_TIMEOUT_MS,
  );

  test(
    "shows only the picture in a frame of another page",
    async () => {
      const body = '<iframe src="/player/test" width="320" height="180" style="border:0"></iframe>';
      await page.route(`${fake.url}/club`, (route) =>
        route.fulfill({ contentType: "text/html", body }),
      );
      await page.goto(`${fake.url}/club`);
      const frame = page.frameLocator("iframe");
      await frame.locator("html[data-embedded]").waitFor();
      await frame.locator("#screen").waitFor();
      expect(await frame.locator("header").isVisible()).toBe(false);
      const outer = await page.locator("iframe").boundingBox();
      const picture = await frame.locator("#screen").boundingBox();
      expect(picture).toMatchObject({ x: outer?.x, width: outer?.width });
      for (const name of ["Play", "Unmute", "Picture in picture", "Full screen"]) {
        const button = await frame.getByRole("button", { name, exact: true }).boundingBox();
        expect(button?.y).toBeLessThanOrEqual((outer?.y ?? 0) + 180 - 40);
      }
    },
    PAGE_TIMEOUT_MS,
  );

  test(
    "offers full screen in a frame only where the page around it allows it",
    async () => {
      const body = `<iframe src="/player/test" allow="fullscreen 'none'"></iframe>`;
      await page.route(`${fake.url}/club`, (route) =>
        route.fulfill({ contentType: "text/html", body }),
      );
      await page.goto(`${fake.url}/club`);
      const frame = page.frameLocator("iframe");
      await frame.locator("html[data-embedded]").waitFor();
      expect(await frame.locator("#fullscreen").isVisible()).toBe(false);
      expect(await frame.locator("#play").isVisible()).toBe(true);
    },
    PAGE_TIMEOUT_MS,
  );

  test(
    "for the same stream where somebody put a slash at the end of its address",
    async () => {
      fake.whep = () => problem(404, "stream-not-found");
      await page.goto(`${fake.url}/player/test/`);
      await state("waiting");
      expect(await text("#failure")).toContain("There is no stream called “test”");
      expect(fake.seen.at(-1)?.path).toBe("/api/v3/whep/test");
    },
    PAGE_TIMEOUT_MS,
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
    PAGE_TIMEOUT_MS,
  );

  test(
    "and that the server does not answer",
    async () => {
      await page.route("**/api/v3/whep/**", (route) => route.abort());
      await page.goto(`${fake.url}/player/test`);
      await state("waiting");
      expect(await text("#failure")).toContain("The server does not answer");
    },
    PAGE_TIMEOUT_MS,
  );
});

describe("the player with a sender", () => {
  let other: Page;
  let sender: SenderPage;

  beforeEach(async () => {
    other = pages.browser.page;
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
    PAGE_TIMEOUT_MS,
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
    PAGE_TIMEOUT_MS,
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
    PAGE_TIMEOUT_MS,
  );

  test(
    "stays paused when it has to reconnect",
    async () => {
      await page.goto(`${fake.url}/player/test`);
      await state("playing");
      await page.getByRole("button", { name: "Pause" }).click();
      await state("paused");
      await sender.endSession();
      await page.waitForSelector('html[data-sessions="2"][data-state="paused"]');
      await page.locator("html[data-frames-decoded]").waitFor();
      expect(await page.evaluate("document.querySelector('video').paused")).toBe(true);
      await page.getByRole("button", { name: "Play" }).click();
      await state("playing");
    },
    PAGE_TIMEOUT_MS,
  );

  test(
    "closes the session of a viewer that has paused for a minute, and plays live again",
    async () => {
      await page.clock.install();
      await page.goto(`${fake.url}/player/test`);
      await state("playing");
      await page.getByRole("button", { name: "Pause" }).click();
      await state("paused");
      await page.clock.fastForward(50_000);
      await state("paused");
      await page.clock.fastForward(11_000);
      await state("stopped");
      await waitFor(() => fake.seen.some(({ method }) => method === "DELETE"));
      await page.getByRole("button", { name: "Watch live" }).click();
      await page.waitForSelector('html[data-sessions="2"][data-state="playing"]');
      expect(await page.evaluate("document.querySelector('video').paused")).toBe(false);
    },
    PAGE_TIMEOUT_MS,
  );

  test(
    "shows a button on the picture where the browser does not play by itself",
    async () => {
      // Without sound, so that nothing else makes the page look at its buttons.
      const pictureOnly = /^m=audio(?:(?!^m=)[\s\S])*/m;
      fake.whep = async ({ body, path }) => {
        const answer = (await sender.answer(body)).replace(pictureOnly, (section) =>
          section.replace("a=sendonly", "a=inactive"),
        );
        const headers = { "Content-Type": "application/sdp", Location: `${path}/session-1` };
        return new Response(answer, { status: 201, headers });
      };
      await page.addInitScript(REFUSE_AUTOPLAY);
      await page.goto(`${fake.url}/player/test`);
      await state("paused");
      expect(await text("#state")).toBe("Paused");
      await page.getByRole("button", { name: "Watch live" }).click();
      await state("playing");
      expect(await page.evaluate("document.querySelector('video').paused")).toBe(false);
      expect(await page.locator("#start").isVisible()).toBe(false);
      expect(await page.evaluate("document.activeElement.id")).toBe("play");
    },
    PAGE_TIMEOUT_MS,
  );

  /** An answer whose address nobody has. */
  const unreachable = (answer: string) =>
    answer.replaceAll(/^(a=candidate:\S+ \d+ \S+ \d+) \S+ \d+ /gm, "$1 198.51.100.7 8189 ");

  test.skipIf(!hasFirefox())(
    "plays in Firefox too, and says there when no packet gets through",
    async () => {
      const firefox = await openFirefox();
      try {
        await firefox.page.goto(`${fake.url}/player/test`);
        await firefox.page.waitForSelector('html[data-state="playing"][data-fps][data-rtt-ms]');
        // The session of the page before may still be saying goodbye.
        const offer = fake.seen.find(({ method }) => method === "POST");
        expect(offer?.body).toMatch(/a=fmtp:\d+ .*stereo=1/);
        fake.whep = async ({ path, body }) => {
          const headers = { "Content-Type": "application/sdp", Location: `${path}/session-2` };
          return new Response(unreachable(await sender.answer(body)), { status: 201, headers });
        };
        await firefox.page.goto(`${fake.url}/player/test`);
        await firefox.page.waitForSelector('html[data-failure="no-network-path"]');
      } finally {
        await firefox.close();
      }
    },
    2 * PAGE_TIMEOUT_MS,
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
      expect(await page.locator("#verdict").getAttribute("hidden")).toBe("");
      expect(await page.locator("html").getAttribute("data-sessions")).toBe("1");
      fake.whep = () => problem(409, "stream-not-live");
      await page.clock.fastForward(31_000);
      await page.getByRole("heading", { name: "Nothing has arrived for a while" }).waitFor();
      await page.getByRole("heading", { name: "The stream is not live" }).waitFor();
    },
    PAGE_TIMEOUT_MS,
  );

  test(
    "says that the picture stands still, and does not call that playing well",
    async () => {
      await page.goto(`${fake.url}/player/test`);
      await state("playing");
      await page.locator("html[data-frames-decoded]").waitFor();
      await sender.stopPicture();
      await state("still");
      expect(await text("#state")).toContain("The picture is frozen");
      expect(await text("#verdict")).toBe("No new picture arrives.");
    },
    PAGE_TIMEOUT_MS,
  );

  test(
    "blames the network, not the source, while the browser has lost its connection",
    async () => {
      await page.goto(`${fake.url}/player/test`);
      await state("playing");
      await page.evaluate(
        "Object.defineProperty(RTCPeerConnection.prototype, 'connectionState', { get: () => 'disconnected' })",
      );
      await state("interrupted");
      expect(await text("#state")).toContain("The network is interrupted");
    },
    PAGE_TIMEOUT_MS,
  );

  test(
    "names the UDP address when no packet gets through",
    async () => {
      fake.whep = async ({ path, body }) => {
        const headers = { "Content-Type": "application/sdp", Location: `${path}/session-2` };
        return new Response(unreachable(await sender.answer(body)), { status: 201, headers });
      };
      await page.clock.install();
      await page.goto(`${fake.url}/player/test`);
      await state("checking");
      await page.clock.fastForward(20_000);
      await state("waiting");
      expect(await text("#failure")).toContain("No network path for picture and sound");
      expect(await text("#failure")).toContain("UDP 198.51.100.7:8189 gave no answer");
    },
    PAGE_TIMEOUT_MS,
  );

  test(
    "reconnects when the server ends the session",
    async () => {
      await page.goto(`${fake.url}/player/test`);
      await state("playing");
      const words = { hasText: "The server ended the session" };
      // Asked for before, because it tries again a second later.
      const told = page.locator("#failure").filter(words).waitFor();
      await sender.endSession();
      await told;
      await page.waitForSelector('html[data-sessions="2"][data-state="playing"]');
    },
    PAGE_TIMEOUT_MS,
  );
});

async function waitFor(condition: () => boolean): Promise<void> {
  for (let tries = 0; !condition() && tries < 100; tries += 1) await Bun.sleep(50);
  expect(condition()).toBe(true);
}
