/**
 * What the servers of a bench send: the demo stream, encoded once to a file that the FFmpeg of each copies. So all
 * send the very same frames, and no encoder competes with the servers for the machine's cores.
 */
import { demoId, demoRecord } from "../../src/process/demo-record.ts";
import { audioCodecArguments, videoCodecArguments } from "../../src/process/ffmpeg-args/codecs.ts";
import { inputArguments } from "../../src/process/ffmpeg-args.ts";
import { type ProcessRecord, parseRecord } from "../../src/process/record.ts";
import { runFfmpeg } from "../support/ffmpeg.ts";

/** Whole groups of pictures, so that the end leads over to the start. */
const SECONDS = 20;

/** Encodes the file, a few seconds of CPU time. */
export async function encodeSource(file: string, gopSeconds: number): Promise<void> {
  const { input, webrtc } = demoRecord();
  if (webrtc === undefined) throw new Error("the demo stream has no legs");
  const leg = { mode: "transcode" } as const;
  await runFfmpeg(
    ...input
      .map((one) => ({ ...one, options: one.options.filter((option) => option !== "-re") }))
      .flatMap((one) => inputArguments(one, false)),
    ...videoCodecArguments(
      { ...leg, codec: "H264", map: "0:v:0" },
      { ...webrtc.video, gop_seconds: gopSeconds },
    ),
    ...audioCodecArguments({ ...leg, codec: "OPUS", map: "0:a:0" }, webrtc.audio),
    ...["-t", `${SECONDS}`, file],
  );
}

/** A stream of that file without an end. */
export function sourceRecord(file: string): ProcessRecord {
  const copy = { mode: "copy" } as const;
  return parseRecord({
    id: demoId,
    input: [{ id: "file", address: file, options: ["-re", "-stream_loop", "-1"] }],
    output: [],
    autostart: true,
    webrtc: { enabled: true, video: copy, audio: copy },
  });
}
