/**
 * Cuts RTP payloads into parts that fit a path. FFmpeg sends a frame in one datagram over loopback, since receiving is
 * what a stream costs before it has a viewer; what goes out to players has the size that the internet carries.
 */
import type { ProducedTrack } from "../../sdp/answer.ts";
import { vp8DescriptorLength } from "./vp8.ts";

/** Called for each part in order. The part is only good until the call returns. */
export type EmitPart = (part: Buffer, last: boolean) => void;

export type SplitPayload = (payload: Buffer, emit: EmitPart) => void;

const NAL_STAP_A = 24;
const NAL_FU_A = 28;
const NAL_TYPE = 0x1f;
/** Forbidden bit and importance, which each fragment repeats. */
const NAL_REST = 0xe0;
const FU_START = 0x80;
const FU_END = 0x40;
const VP8_START = 0x10;

/** The splitter of a codec. `bytesMax`: the longest part. */
export function payloadSplitter(codec: ProducedTrack["codec"], bytesMax: number): SplitPayload {
  if (codec === "H264") return splitH264(bytesMax);
  if (codec === "VP8") return splitVp8(bytesMax);
  // One Opus packet is one RTP payload (RFC 7587 §4.2), and small.
  return (payload, emit) => emit(payload, true);
}

/**
 * RFC 6184 §5: single NAL units and aggregates stay as they are where they fit; larger ones become fragments (FU-A),
 * fragments smaller fragments, and an aggregate (STAP-A) its NAL units.
 */
function splitH264(bytesMax: number): SplitPayload {
  const scratch = Buffer.alloc(bytesMax);
  const fragment = (
    nal: Buffer,
    from: number,
    fu: number,
    indicator: number,
    emit: EmitPart,
    last: boolean,
  ) => {
    const size = bytesMax - 2;
    for (let at = from; at < nal.length; at += size) {
      const end = Math.min(at + size, nal.length);
      const start = at === from ? fu & FU_START : 0;
      const stop = end === nal.length ? fu & FU_END : 0;
      scratch[0] = indicator;
      scratch[1] = (fu & NAL_TYPE) | start | stop;
      nal.copy(scratch, 2, at, end);
      emit(scratch.subarray(0, 2 + end - at), last && end === nal.length);
    }
  };
  const single = (nal: Buffer, emit: EmitPart, last: boolean) => {
    if (nal.length <= bytesMax) {
      emit(nal, last);
      return;
    }
    const header = nal[0]!;
    const indicator = (header & NAL_REST) | NAL_FU_A;
    fragment(nal, 1, FU_START | FU_END | (header & NAL_TYPE), indicator, emit, last);
  };
  const aggregate = (payload: Buffer, emit: EmitPart) => {
    for (let at = 1; at + 2 < payload.length; ) {
      const end = at + 2 + payload.readUInt16BE(at);
      // What is cut off is no NAL unit.
      if (end > payload.length || end === at + 2) return;
      single(payload.subarray(at + 2, end), emit, end === payload.length);
      at = end;
    }
  };
  return (payload, emit) => {
    if (payload.length <= bytesMax) emit(payload, true);
    else if ((payload[0]! & NAL_TYPE) === NAL_STAP_A) aggregate(payload, emit);
    else if ((payload[0]! & NAL_TYPE) !== NAL_FU_A) single(payload, emit, true);
    else fragment(payload, 2, payload[1]!, payload[0]!, emit, true);
  };
}

/** RFC 7741 §4.2: each part has the descriptor; only the first part says that a partition starts. */
function splitVp8(bytesMax: number): SplitPayload {
  const scratch = Buffer.alloc(bytesMax);
  return (payload, emit) => {
    if (payload.length <= bytesMax) {
      emit(payload, true);
      return;
    }
    const descriptor = vp8DescriptorLength(payload, 0, payload.length);
    const size = bytesMax - descriptor;
    for (let at = descriptor; at < payload.length; at += size) {
      const end = Math.min(at + size, payload.length);
      payload.copy(scratch, 0, 0, descriptor);
      if (at > descriptor) scratch[0] = scratch[0]! & ~VP8_START;
      payload.copy(scratch, descriptor, at, end);
      emit(scratch.subarray(0, descriptor + end - at), end === payload.length);
    }
  };
}
