/** What a process writes beside its stream: files in folders of the storage that nobody made before. */
import { afterAll, beforeAll, test } from "bun:test";
import { startServer, type TestServer, untilLive } from "../support/start-server.ts";
import { until } from "../support/whep-player.ts";

const encode = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "25"];
let server: TestServer;

beforeAll(async () => {
  const address = "testsrc2=size=160x90:rate=25";
  const hls = [...encode, "-f", "hls", "-hls_time", "1"];
  const tee = ["-map", "0:v", ...encode, "-f", "tee"];
  server = await startServer({
    processes: [
      {
        id: "cam",
        input: [{ id: "in", address, options: ["-f", "lavfi"] }],
        output: [
          { id: "hls", address: "{diskfs}/hls/Tür 1/cam.m3u8", options: hls },
          { id: "tee", address: "[f=mpegts]{diskfs}/tee/cam.ts|[f=null]-", options: tee },
        ],
        webrtc: { enabled: true },
      },
    ],
  });
}, 60_000);

afterAll(() => server?.stop(), 20_000);

test("HLS and a tee go to their folders while the stream is live", async () => {
  await untilLive(server, "cam");
  const files = async () => {
    const listed = (await server.get("/api/v3/fs/disk")) as { name: string; size_bytes: number }[];
    return listed.filter(({ size_bytes }) => size_bytes > 0).map(({ name }) => name);
  };
  const wanted = ["/hls/Tür 1/cam.m3u8", "/hls/Tür 1/cam0.ts", "/tee/cam.ts"];
  await until(
    async () => {
      const found = await files();
      return wanted.every((name) => found.includes(name));
    },
    30_000,
    "the files",
  );
  await untilLive(server, "cam");
}, 60_000);
