import { describe, expect, test } from "bun:test";
import { demoRecord } from "../../../src/process/demo-record.ts";
import {
  ffmpegArguments,
  type LegTarget,
  progressOnStdout,
} from "../../../src/process/ffmpeg-args.ts";
import { parseRecord } from "../../../src/process/record.ts";
import { unknownVideo } from "../../../src/process/source-plan/facts.ts";
import type { LegPlans } from "../../../src/process/source-plan.ts";

const legs: LegTarget[] = [
  { kind: "video", port: 19000, rtpSourcePort: 19002, rtcpSourcePort: 19003, ssrc: 7 },
  { kind: "audio", port: 19010, rtpSourcePort: 19012, rtcpSourcePort: 19013, ssrc: 8 },
];
const plan: LegPlans = {
  video: { mode: "copy", codec: "H264", map: "0:0" },
  audio: { mode: "transcode", codec: "OPUS", map: "0:1" },
};
const run = { plan, legs, startTimeRealtimeUs: 1_700_000_000_000_000 };

function record(input: object, more: object = {}) {
  return parseRecord({
    id: "x",
    input: [{ id: "i", ...input }],
    webrtc: { enabled: true },
    ...more,
  });
}

function argv(input: object, more: object = {}, overrides: object = {}) {
  return ffmpegArguments(record(input, more), { ...run, ...overrides }).join(" ");
}

describe("the whole command", () => {
  test("of a copied camera is globals, input, outputs of the record, then one RTP output per leg", () => {
    const output = [{ id: "rec", address: "/srv/rec.mkv", options: ["-c", "copy"] }];
    const command = argv(
      { address: "rtsp://cam/1", options: ["-rtsp_transport", "tcp"] },
      { output, options: ["-err_detect", "ignore_err"] },
    );
    expect(command.replace(/-protocol_whitelist \S+/, "-protocol_whitelist …")).toBe(
      [
        "-hide_banner -nostdin -loglevel level+info -nostats -progress pipe:1",
        "-err_detect ignore_err",
        "-protocol_whitelist … -rtsp_transport tcp -i rtsp://cam/1",
        "-c copy /srv/rec.mkv",
        "-map 0:0 -c:v copy -bsf:v h264_mp4toannexb,dump_extra=freq=keyframe",
        "-start_time_realtime 1700000000000000 -avoid_negative_ts disabled -ssrc 7 -f rtp",
        "rtp://127.0.0.1:19000?rtcpport=19000&localrtpport=19002&localrtcpport=19003&localaddr=127.0.0.1&pkt_size=32768",
        "-map 0:1 -c:a libopus -b:a 64k -ar 48000 -ac 2 -application audio -frame_duration 20",
        "-start_time_realtime 1700000000000000 -avoid_negative_ts disabled -ssrc 8 -f rtp",
        "rtp://127.0.0.1:19010?rtcpport=19010&localrtpport=19012&localrtcpport=19013&localaddr=127.0.0.1&pkt_size=32768",
      ].join(" "),
    );
  });

  test("of a transport stream that was looked at is analysed no longer than it takes, unless the record says so", () => {
    const container = "mpegts";
    const video = { ...unknownVideo, container, map: "0:0", gopSeconds: 1, gopMeasured: true };
    const looked = { ...plan, facts: { video, audio: undefined } };
    const srt = { address: "srt://a", options: ["-analyzeduration", "7"] };
    expect(argv(srt, {}, { plan: looked })).toMatch(
      / -analyzeduration 1500000 -protocol_whitelist \S+ -analyzeduration 7 -i srt:/,
    );
  });

  test("of a looped file has no bitstream filters", () => {
    const looped = { ...plan.video, looped: true };
    const command = argv({ address: "/srv/a.ts" }, {}, { plan: { ...plan, video: looped } });
    expect(command).toContain("-map 0:0 -c:v copy -start_time_realtime");
  });

  test("has no leg the plan leaves out", () => {
    const command = argv({ address: "rtsp://cam/1" }, {}, { plan: { ...plan, audio: undefined } });
    expect(command).not.toContain("19010");
  });

  test("of a process without webrtc is datarhei's", () => {
    const plain = parseRecord({
      id: "x",
      input: [{ id: "i", address: "a.mp4" }],
      output: [{ id: "o", address: "-", options: ["-f", "null"] }],
    });
    const command = ffmpegArguments(plain, { ...run, plan: undefined, legs: [] });
    expect(command.slice(-5)).toEqual(["-i", "a.mp4", "-f", "null", "-"]);
    expect(command).not.toContain("-re");
  });
});

describe("encoding", () => {
  const transcode = (codec: "H264" | "VP8", pixelRate?: number) =>
    argv(
      { address: "rtsp://cam/1" },
      { webrtc: { enabled: true, video: { bitrate_kbit: 1200, gop_seconds: 0.5 } } },
      {
        plan: {
          ...plan,
          video: { mode: "transcode", codec, map: "0:0", ...(pixelRate ? { pixelRate } : {}) },
        },
      },
    );

  test("H264 is constrained baseline without B-frames, at a constant rate, keyframes by time", () => {
    expect(transcode("H264")).toContain(
      "-c:v libx264 -preset veryfast -tune zerolatency -profile:v baseline -bf 0 -sc_threshold 0 -forced-idr 1 -threads 1 -pix_fmt yuv420p -fps_mode vfr -g 9999 -force_key_frames expr:gte(t,n_forced*0.5) -b:v 1200k -maxrate 1200k -bufsize 1200k",
    );
  });

  test("the picture gets square pixels and even sizes, and frames where it has fields", () => {
    const shape = "scale=round(iw*sar/2)*2:round(ih/2)*2,setsar=1 ";
    expect(transcode("H264")).toContain(`-vf ${shape}`);
    const fields = {
      ...plan,
      video: { mode: "transcode", codec: "VP8", map: "0:0", interlaced: true },
    };
    expect(argv({ address: "rtsp://cam/1" }, {}, { plan: fields })).toContain(
      `-vf yadif=deint=interlaced,${shape}`,
    );
  });

  test("VP8 is real-time, error resilient and without hidden frames", () => {
    expect(transcode("VP8")).toContain(
      "-c:v libvpx -deadline realtime -cpu-used 8 -lag-in-frames 0 -auto-alt-ref 0 -error-resilient 1 -minrate 1200k -threads 1",
    );
  });

  test("large pictures get more threads, up to four", () => {
    expect(transcode("H264", 1920 * 1080 * 60)).toContain("-threads 3 ");
    expect(transcode("H264", 3840 * 2160 * 60)).toContain("-threads 4 ");
  });

  test("a copy of VP8 needs no bit-stream filter", () => {
    const vp8 = { ...plan, video: { mode: "copy", codec: "VP8", map: "0:0" } };
    expect(argv({ address: "a.webm" }, {}, { plan: vp8 })).toContain("-map 0:0 -c:v copy -start");
  });
});

describe("reading in real time", () => {
  const isPaced = (address: string, ...options: string[]) =>
    argv({ address, options }).includes("-re ");

  test("is added for files and test sources of a live stream", () => {
    expect(isPaced("/srv/film.mp4")).toBe(true);
    expect(isPaced("/srv/film.mp4", "-stream_loop", "-1")).toBe(true);
    expect(isPaced("testsrc", "-f", "lavfi")).toBe(true);
  });

  test("is left to networks and devices", () => {
    expect(isPaced("rtsp://cam/1")).toBe(false);
    expect(isPaced("/dev/video0")).toBe(false);
    expect(isPaced("hw:0", "-f", "alsa")).toBe(false);
    expect(argv({ address: "a.mp4", options: ["-readrate", "2"] })).not.toContain("-re ");
  });

  test("isn't added twice", () => {
    expect(argv({ address: "a.mp4", options: ["-re"] }).match(/-re /g)).toHaveLength(1);
  });
});

describe("what a network source may open", () => {
  test("is the network, never a file", () => {
    const command = argv({ address: "https://host/a.m3u8" });
    const list = /-protocol_whitelist (\S+)/.exec(command)?.[1]?.split(",") ?? [];
    expect(list).toContain("https");
    expect(list.some((name) => ["file", "concat", "subfile", "pipe", "fd"].includes(name))).toBe(
      false,
    );
  });

  test("is the record's own list where it has one", () => {
    const options = ["-protocol_whitelist", "tcp,rtp"];
    expect(argv({ address: "rtsp://a", options }).match(/-protocol_whitelist/g)).toHaveLength(1);
  });

  test("isn't limited for files, which may be playlists of files", () => {
    expect(argv({ address: "/srv/list.m3u8" })).not.toContain("-protocol_whitelist");
  });
});

describe("progress", () => {
  const withOutput = (address: string, ...options: string[]) =>
    record({ address: "a.mp4" }, { output: [{ id: "o", address, options }] });

  test("comes on standard output unless a record output writes there", () => {
    expect(progressOnStdout(withOutput("-", "-f", "null"))).toBe(true);
    expect(progressOnStdout(withOutput("-", "-f", "mpegts"))).toBe(false);
    expect(progressOnStdout(withOutput("pipe:1", "-f", "mpegts"))).toBe(false);
  });

  test("and the log level are the record's where it sets them", () => {
    const command = argv(
      { address: "rtsp://a" },
      { options: ["-loglevel", "quiet", "-progress", "pipe:2"] },
    );
    expect(command).toStartWith("-hide_banner -nostdin -loglevel quiet -progress pipe:2");
  });
});

test("an id or address is one argument whatever it holds", () => {
  const address = "/srv/a b; rm -rf ~ $(x) `y` 'z'.mp4";
  expect(ffmpegArguments(record({ address }), run)).toContain(address);
});

test("the demo's command has no path, font or network in it", () => {
  const demo = ffmpegArguments(demoRecord(), run);
  expect(demo.filter((part) => part.startsWith("/") || part.includes("drawtext"))).toEqual([]);
});
