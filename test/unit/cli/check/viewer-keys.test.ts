import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkViewerKeys } from "../../../../src/cli/check/viewer-keys.ts";

const folder = mkdtempSync(join(tmpdir(), "dragonfork-keys-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("keys are counted, in a file and behind a URL; where none are configured nothing is said", async () => {
  const file = join(folder, "keys.json");
  writeFileSync(file, '{"keys":[{"kty":"OKP"}]}');
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: () => new Response('{"keys":[]}'),
  });
  expect(await checkViewerKeys("")).toEqual([]);
  expect(await checkViewerKeys(file)).toMatchObject([{ passed: true, detail: `${file} has 1` }]);
  const [empty] = await checkViewerKeys(`http://127.0.0.1:${server.port}/`);
  expect(empty?.passed).toBe(false);
  await server.stop(true);
  const [gone] = await checkViewerKeys(`http://127.0.0.1:${server.port}/`);
  expect(gone?.passed).toBe(false);
  const [missing] = await checkViewerKeys(join(folder, "none.json"));
  expect(missing?.detail).toContain("none.json");
});
