/**
 * The stream of `serve --demo`: a test picture with a running clock, and a tone with a beep each
 * second. Both come from one filter graph, so that sound and picture share their clock.
 */
import { type ProcessRecord, parseRecord } from "./record.ts";

export const demoId = "test";

/**
 * testsrc2 draws the time and frame number itself: no font file is needed, and it moves enough to
 * fill 2.5 Mb/s. Every graph output must be named out0, out1 for lavfi.
 */
const demoGraph =
  "testsrc2=size=1280x720:rate=30[out0];sine=frequency=440:beep_factor=4:sample_rate=48000:samples_per_frame=960[out1]";

/** 720p30 H.264 at 2.5 Mb/s with a keyframe each second, and Opus at 64 kb/s. */
export function demoRecord(): ProcessRecord {
  return parseRecord({
    id: demoId,
    reference: "demo",
    input: [{ id: "graph", address: demoGraph, options: ["-re", "-f", "lavfi"] }],
    output: [],
    reconnect: true,
    reconnect_delay_seconds: 0,
    autostart: true,
    stale_timeout_seconds: 10,
    webrtc: {
      enabled: true,
      video: { mode: "auto", codec: "h264", bitrate_kbit: 2500, gop_seconds: 1 },
      audio: { mode: "auto", codec: "opus", bitrate_kbit: 64 },
    },
  });
}
