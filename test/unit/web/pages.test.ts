import { describe, expect, test } from "bun:test";
import { Elysia } from "elysia";
import { openApi } from "../../../src/api/openapi.ts";
import { pageRoutes } from "../../../src/web/pages.ts";

const app = new Elysia()
  .use(pageRoutes({ embedders: ["https://club.example"] }))
  .use(openApi({ version: "4.5.6" }))
  .get("/api/v3/thing/:id", () => "thing", { detail: { summary: "One thing" } });

const get = (path: string, init: RequestInit = {}) =>
  app.handle(new Request(`http://localhost${path}`, init));

interface OpenApiDocument {
  paths: object;
  info: object;
  components: { securitySchemes: { bearer: { scheme: string } } };
}

async function readJson<Body>(path: string): Promise<Body> {
  return (await (await get(path)).json()) as Body;
}

const PAGES = ["/", "/player/test", "/swagger"];

/** Every own file that the pages, their styles and their scripts ask for, transitively. */
async function reachable(): Promise<Map<string, { response: Response; text: string }>> {
  const found = new Map<string, { response: Response; text: string }>();
  const queue = [...PAGES];
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    if (found.has(path)) continue;
    const response = await get(path);
    const text = await response.text();
    found.set(path, { response, text });
    if (path.includes("swagger-ui")) continue;
    for (const [, target] of text.matchAll(/(?:src|href)="([^"#]+)"|from "([^"]+)"/g)) {
      const isFile = target?.startsWith("/") && !["/metrics", "/swagger/json"].includes(target);
      if (target !== undefined && isFile) queue.push(target);
    }
    for (const [, module] of text.matchAll(/from "\.\/([^"]+)"/g)) queue.push(`/assets/${module}`);
  }
  return found;
}

describe("the pages", () => {
  test("and every file they load are served with the security headers", async () => {
    const files = await reachable();
    expect(files.size).toBeGreaterThan(15);
    for (const [path, { response }] of files) {
      expect({ path, status: response.status }).toEqual({ path, status: 200 });
      const policy = response.headers.get("content-security-policy") ?? "";
      expect(policy).toContain("default-src 'none'");
      expect(policy).not.toContain("unsafe");
      expect(response.headers.get("x-content-type-options")).toBe("nosniff");
      expect(response.headers.get("referrer-policy")).toBe("no-referrer");
    }
  });

  test("are shown in no frame of another site, but the player in those of sites that may play", async () => {
    for (const [path, { response }] of await reachable()) {
      const policy = response.headers.get("content-security-policy") ?? "";
      const own = path.startsWith("/player/") ? "'self' https://club.example" : "'self'";
      expect(`${path} ${policy}`).toEndWith(`; frame-ancestors ${own}`);
    }
  });

  test("let a sandboxed frame, which has no origin, load their module scripts, and nothing else", async () => {
    for (const [path, { response }] of await reachable()) {
      const allowed = response.headers.get("access-control-allow-origin");
      expect({ path, allowed }).toEqual({ path, allowed: path.endsWith(".js") ? "*" : null });
    }
  });

  test("hold no inline script, style or handler and no address of another host", async () => {
    for (const [path, { text }] of await reachable()) {
      if (path.includes("swagger-ui")) continue;
      expect(text).not.toMatch(/<script(?![^>]* src=)|<style|\sstyle="|\son[a-z]+="/);
      expect(text.replaceAll("http://www.w3.org/2000/svg", "")).not.toMatch(/https?:\/\//);
    }
  });

  test("are told apart by content type", async () => {
    const type = async (path: string) => (await get(path)).headers.get("content-type");
    expect(await type("/")).toBe("text/html; charset=utf-8");
    expect(await type("/assets/player.js")).toBe("text/javascript; charset=utf-8");
    expect(await type("/assets/page.css")).toBe("text/css; charset=utf-8");
    expect(await type("/favicon.ico")).toBe("image/svg+xml");
  });

  test("of the player are the same for any id, with slashes encoded or not", async () => {
    for (const id of ["test", "a%2Fb", "a/b/c", "%F0%9F%90%89", "a:b.c"]) {
      expect((await get(`/player/${id}`)).status).toBe(200);
    }
  });

  test("answer HEAD like GET, without the body", async () => {
    // Over HTTP, since the runtime is what leaves the body out and counts its length.
    const server = new Elysia()
      .use(pageRoutes({ embedders: ["https://club.example"] }))
      .listen({ port: 0, hostname: "127.0.0.1" });
    const url = `http://127.0.0.1:${server.server?.port}/assets/player.js`;
    const head = await fetch(url, { method: "HEAD" });
    const full = await fetch(url);
    expect(head.status).toBe(200);
    expect(await head.text()).toBe("");
    expect(head.headers.get("etag")).toBe(full.headers.get("etag") ?? "none");
    expect(head.headers.get("content-length")).toBe(String((await full.bytes()).byteLength));
    await server.stop(true);
  });

  test("are not sent again to a browser that has them", async () => {
    const etag = (await get("/")).headers.get("etag") ?? "";
    expect(etag).toMatch(/^"[\w-]+"$/);
    const again = (ifNoneMatch: string) => get("/", { headers: { "If-None-Match": ifNoneMatch } });
    expect((await again(etag)).status).toBe(304);
    expect((await again(`"other", W/${etag}`)).status).toBe(304);
    expect((await again('"other"')).status).toBe(200);
  });

  test("end where the embedded files end", async () => {
    for (const path of ["/assets/", "/assets/pages.ts", "/assets/..%2fasset.ts"]) {
      expect((await get(path)).status).toBe(404);
    }
  });
});

describe("the API document", () => {
  test("lists the routes of the whole app, but not the pages", async () => {
    const document: OpenApiDocument = await readJson("/swagger/json");
    expect(Object.keys(document.paths)).toEqual(["/api/v3/thing/{id}"]);
    expect(document.info).toMatchObject({ title: "Dragon Fork", version: "4.5.6" });
    expect(document.components.securitySchemes.bearer.scheme).toBe("bearer");
  });

  test("has a page that loads nothing from elsewhere", async () => {
    const page = await (await get("/swagger")).text();
    expect(page).toContain("/swagger/assets/swagger-ui-bundle.js");
    expect(page).not.toMatch(/https?:\/\//);
  });
});
