// getStats() → the numbers of the panel. Pure: reports in, numbers out.

/** The facts of one getStats() report that matter here, with names of our own. */
export function readSample(report) {
  const stats = [...report.values()];
  const inbound = (kind) => stats.find((s) => s.type === "inbound-rtp" && s.kind === kind);
  const pair = selectedPair(stats, report);
  return {
    video: inbound("video"),
    audio: inbound("audio"),
    videoCodec: codecName(report.get(inbound("video")?.codecId)),
    audioCodec: codecName(report.get(inbound("audio")?.codecId)),
    pair,
    local: report.get(pair?.localCandidateId),
    remote: report.get(pair?.remoteCandidateId),
  };
}

function selectedPair(stats, report) {
  const transport = stats.find((s) => s.type === "transport" && s.selectedCandidatePairId);
  if (transport !== undefined) return report.get(transport.selectedCandidatePairId);
  const pairs = stats.filter((s) => s.type === "candidate-pair" && s.state === "succeeded");
  return pairs.find((s) => s.selected) ?? pairs.find((s) => s.nominated) ?? pairs[0];
}

function codecName(codec) {
  if (codec === undefined) return undefined;
  const profile = /profile-level-id=([0-9a-f]{6})/i.exec(codec.sdpFmtpLine ?? "")?.[1];
  const name = codec.mimeType.replace(/^(video|audio)\//i, "");
  return profile === undefined ? name : `${name} ${profile}`;
}

const milliseconds = (seconds) => (seconds === undefined ? undefined : Math.round(seconds * 1000));

/** Growth of one counter between two samples, or undefined where it cannot be known. */
function growth(now, before, name) {
  const value = now?.[name];
  const old = before?.[name];
  return value === undefined || old === undefined || value < old ? undefined : value - old;
}

function bitrateKbit(now, before) {
  const bytes = growth(now, before, "bytesReceived");
  const ms = growth(now, before, "timestamp");
  return bytes === undefined || !ms ? undefined : Math.round((bytes * 8) / ms);
}

/** Mean time in the jitter buffer of what was played since the sample before. */
function jitterBufferMs(now, before) {
  const seconds = growth(now, before, "jitterBufferDelay");
  const count = growth(now, before, "jitterBufferEmittedCount");
  return seconds === undefined || !count ? undefined : Math.round((seconds * 1000) / count);
}

function lossPercent(now, before) {
  const lost = growth(now, before, "packetsLost") ?? 0;
  const received = growth(now, before, "packetsReceived");
  return received === undefined || received + lost === 0
    ? undefined
    : (100 * lost) / (received + lost);
}

/** Picture time minus sound time at the play-out, where the browser tells both. */
function skewMs({ video, audio }) {
  const picture = video?.estimatedPlayoutTimestamp;
  const sound = audio?.estimatedPlayoutTimestamp;
  return picture && sound ? Math.round(picture - sound) : undefined;
}

/** Loss of this many percent is a path that is full; the server then sends single pictures until it tries again. */
const FULL_LOSS_PERCENT = 20;
/** For so long a full path explains that a picture stops moving. */
const FULL_PATH_MS = 10_000;
/** Fewer frames in a second are no moving picture. */
const MOVING_FPS_MIN = 5;
/** From so long on a picture counts as standing still. */
const STILL_MS = 4000;
/** A device that is too slow drops more than this … */
const DROPPED_PERCENT_MAX = 5;
/** … in each of so many samples; a jitter buffer that empties after a hitch of the network drops some once. */
const DROPPING_SAMPLES = 3;

/** Watches the picture over the samples of one session: "moving", "still", or "slow" where the path is too slow for it. */
export class PictureWatch {
  state = "moving";
  #droppingSamples = 0;
  #decoded = 0;
  #newAtMs;
  #fullAtMs = Number.NEGATIVE_INFINITY;

  /** Takes the numbers of summarize() and a monotonic time. */
  sample({ framesDecoded, fps, lossPercent, droppedPercent }, nowMs) {
    const drops = droppedPercent > DROPPED_PERCENT_MAX;
    this.#droppingSamples = drops ? this.#droppingSamples + 1 : 0;
    if (framesDecoded !== this.#decoded) this.#newAtMs = nowMs;
    this.#decoded = framesDecoded;
    if ((lossPercent ?? 0) >= FULL_LOSS_PERCENT) this.#fullAtMs = nowMs;
    const full = nowMs - this.#fullAtMs < FULL_PATH_MS;
    if (this.#newAtMs === undefined || fps === undefined) return;
    if (fps < MOVING_FPS_MIN && (full || this.state === "slow")) this.state = "slow";
    else this.state = nowMs - this.#newAtMs >= STILL_MS ? "still" : "moving";
  }

  /** True where frames are dropped on and on. */
  get dropsFrames() {
    return this.#droppingSamples >= DROPPING_SAMPLES;
  }
}

/** The numbers of the panel from two samples one interval apart; unknown ones are undefined. */
export function summarize(sample, before) {
  const { video, audio, pair, remote, local } = sample;
  const frames = growth(video, before?.video, "framesDecoded");
  const intervalMs = growth(video, before?.video, "timestamp");
  const dropped = growth(video, before?.video, "framesDropped");
  return {
    width: video?.frameWidth,
    height: video?.frameHeight,
    fps: frames === undefined || !intervalMs ? undefined : Math.round((frames * 1000) / intervalMs),
    videoKbit: bitrateKbit(video, before?.video),
    audioKbit: bitrateKbit(audio, before?.audio),
    videoCodec: sample.videoCodec,
    audioCodec: sample.audioCodec,
    decoder: video?.decoderImplementation,
    framesDecoded: video?.framesDecoded ?? 0,
    framesDropped: video?.framesDropped ?? 0,
    droppedPercent: frames && dropped ? (100 * dropped) / (frames + dropped) : 0,
    freezes: video?.freezeCount,
    freezeSeconds: video?.totalFreezesDuration,
    packetsReceived: (video?.packetsReceived ?? 0) + (audio?.packetsReceived ?? 0),
    packetsLost: (video?.packetsLost ?? 0) + (audio?.packetsLost ?? 0),
    packetsRepaired: video?.retransmittedPacketsReceived,
    lossPercent: lossPercent(video ?? audio, before?.video ?? before?.audio),
    jitterMs: milliseconds(video?.jitter ?? audio?.jitter),
    jitterBufferMs: jitterBufferMs(video, before?.video),
    audioBufferMs: jitterBufferMs(audio, before?.audio),
    audioEnergy: audio?.totalAudioEnergy,
    samplesReceived: audio?.totalSamplesReceived,
    concealedPercent: audio?.totalSamplesReceived
      ? (100 * (audio.concealedSamples ?? 0)) / audio.totalSamplesReceived
      : undefined,
    rttMs: milliseconds(pair?.currentRoundTripTime),
    candidateType: local?.candidateType,
    remoteType: remote?.candidateType,
    remoteAddress: remote?.address ? `${remote.address}:${remote.port}` : undefined,
    protocol: local?.protocol,
    skewMs: skewMs(sample),
  };
}

/** One sentence on how well it plays, and whose side a fault is on, by the last numbers and a PictureWatch. */
export function judge(numbers, { state, dropsFrames }) {
  const poor = (text) => ({ level: "poor", text });
  if (numbers.packetsReceived === 0) return poor("No packets have arrived yet.");
  if (state === "slow") return poor("The network is too slow for this stream.");
  if ((numbers.lossPercent ?? 0) >= 2) {
    const percent = numbers.lossPercent.toFixed(1);
    return poor(`The network loses packets (${percent} % in the last second).`);
  }
  if (state === "still") return poor("No new picture arrives.");
  if ((numbers.rttMs ?? 0) > 300) {
    return { level: "fair", text: `Long round trip to the server (${numbers.rttMs} ms).` };
  }
  if (dropsFrames) {
    return { level: "fair", text: "This device is too slow to show every frame." };
  }
  return { level: "good", text: "Playing well." };
}
