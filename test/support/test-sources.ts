/** Process records for tests: small pictures that cost little CPU, and sources that misbehave. */

/** Pictures of 320×180 at 30 fps with a keyframe each second, about 60 packets/s, and a tone. */
const GRAPH = "testsrc2=size=320x180:rate=30[out0];sine=frequency=440:sample_rate=48000[out1]";
const PICTURE_ONLY = "testsrc2=size=320x180:rate=30";
const TONE_ONLY = "sine=frequency=440:sample_rate=48000";

export interface TestSource {
  readonly codec?: "h264" | "vp8";
  readonly bitrateKbit?: number;
  readonly only?: "video" | "audio";
  readonly maxPeers?: number;
  readonly autostart?: boolean;
  readonly reconnectDelaySeconds?: number;
}

/** A stream that goes live by itself. */
export function testSource(id: string, options: TestSource = {}): object {
  const graph = { video: PICTURE_ONLY, audio: TONE_ONLY, both: GRAPH }[options.only ?? "both"];
  return {
    id,
    input: [{ id: "graph", address: graph, options: ["-re", "-f", "lavfi"] }],
    output: [],
    reconnect: true,
    reconnect_delay_seconds: options.reconnectDelaySeconds ?? 0,
    autostart: options.autostart ?? true,
    webrtc: {
      enabled: true,
      max_peers: options.maxPeers ?? 0,
      video: {
        codec: options.codec ?? "h264",
        bitrate_kbit: options.bitrateKbit ?? 500,
        gop_seconds: 1,
      },
    },
  };
}

/** A stream whose input never says anything: it is starting for as long as the test lasts. */
export function silentSource(id: string, port: number): object {
  return {
    id,
    input: [{ id: "in", address: `udp://127.0.0.1:${port}`, options: [] }],
    output: [],
    webrtc: { enabled: true },
  };
}
