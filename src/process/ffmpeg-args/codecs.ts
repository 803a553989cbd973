/** FFmpeg's codec options per leg: copy as it is, or encode with little delay. Pure. */
import type { AudioPolicy, VideoPolicy } from "../record.ts";
import type { LegPlan } from "../source-plan.ts";

/**
 * 1280x720 at 60 frames per second: what one thread of x264 veryfast does with room to spare
 * (720p30 takes an eighth of a core on the reference machine).
 */
const pixelRatePerThread = 1280 * 720 * 60;
const encoderThreadsMax = 4;

/** The options of a video leg. */
export function videoCodecArguments(plan: LegPlan, policy: VideoPolicy): string[] {
  if (plan.mode === "copy") return copyVideo(plan);
  const threads = String(encoderThreads(plan.pixelRate));
  const encode = plan.codec === "VP8" ? encodeVp8(policy) : encodeH264();
  return [...pictureFilters(plan), ...encode, "-threads", threads, ...rateArguments(policy)];
}

/**
 * What neither RTP nor a browser makes up for: fields, pixels that are no squares, and odd sizes, which 4:2:0 can't
 * have (x264 refuses them). A picture without any of it passes untouched. FFmpeg turns a rotated one by itself.
 */
function pictureFilters(plan: LegPlan): string[] {
  const frames = plan.interlaced === true ? "yadif=deint=interlaced," : "";
  return ["-vf", `${frames}scale=round(iw*sar/2)*2:round(ih/2)*2,setsar=1`];
}

/** The options of an audio leg. */
export function audioCodecArguments(plan: LegPlan, policy: AudioPolicy): string[] {
  if (plan.mode === "copy") return ["-c:a", "copy"];
  return [
    "-c:a",
    "libopus",
    "-b:a",
    `${policy.bitrate_kbit}k`,
    // RFC 7587 section 4.1: the RTP clock is 48 kHz whatever is coded.
    "-ar",
    "48000",
    "-ac",
    "2",
    // "audio" keeps the full band for 4 ms more delay than "lowdelay".
    "-application",
    "audio",
    "-frame_duration",
    "20",
  ];
}

/**
 * Bitstream filters do not survive a loop: FFmpeg 5.1 ends them with the file's first end and drops every later
 * frame ("A non-NULL packet sent after an EOF"). A looped file is copied only where it needs none.
 */
function copyVideo(plan: LegPlan): string[] {
  const filtered = plan.codec === "H264" && plan.looped !== true;
  return ["-c:v", "copy", ...(filtered ? headersInBand : [])];
}

/**
 * MP4, MKV and FLV keep the parameter sets out of band, where no browser finds them: the first
 * filter turns length prefixes into start codes and the stored header into Annex B, the second
 * puts that header before every keyframe. The second alone would prepend the MP4 header as it is,
 * and every keyframe would be garbage.
 */
const headersInBand = ["-bsf:v", "h264_mp4toannexb,dump_extra=freq=keyframe"];

/**
 * Constrained baseline is what every WebRTC browser decodes. One slice per frame and thread;
 * sliced threads only where one thread can't keep up, since each slice starts a new packet.
 */
function encodeH264(): string[] {
  return [
    "-c:v",
    "libx264",
    "-preset",
    "veryfast",
    "-tune",
    "zerolatency",
    "-profile:v",
    "baseline",
    "-bf",
    "0",
    "-sc_threshold",
    "0",
    "-forced-idr",
    "1",
  ];
}

function encodeVp8(policy: VideoPolicy): string[] {
  return [
    "-c:v",
    "libvpx",
    "-deadline",
    "realtime",
    "-cpu-used",
    "8",
    "-lag-in-frames",
    "0",
    "-auto-alt-ref",
    "0",
    "-error-resilient",
    "1",
    "-minrate",
    `${policy.bitrate_kbit}k`,
  ];
}

/**
 * Constant rate with one second of buffer. Keyframes come by time, not by count, because the frame
 * rate of a live source is not known; -g only has to be out of the way. vfr, because rtp would
 * otherwise be filled up to a constant frame rate that some sources only claim to have.
 */
function rateArguments(policy: VideoPolicy): string[] {
  const rate = `${policy.bitrate_kbit}k`;
  return [
    "-pix_fmt",
    "yuv420p",
    "-fps_mode",
    "vfr",
    "-g",
    "9999",
    "-force_key_frames",
    `expr:gte(t,n_forced*${policy.gop_seconds})`,
    "-b:v",
    rate,
    "-maxrate",
    rate,
    "-bufsize",
    rate,
  ];
}

function encoderThreads(pixelRate: number | undefined): number {
  const wanted = Math.ceil((pixelRate ?? 0) / pixelRatePerThread);
  return Math.min(Math.max(wanted, 1), encoderThreadsMax);
}
