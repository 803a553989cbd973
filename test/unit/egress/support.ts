import type { SrtpCipher } from "../../../src/egress/cipher/cipher.ts";
import { Subscriber } from "../../../src/egress/subscriber.ts";
import { PacketRing } from "../../../src/stream/packet-ring.ts";
import type { Track } from "../../../src/stream/track.ts";
import type { BatchSender } from "../../../src/transport/batch-sender.ts";
import type { Endpoint } from "../../../src/transport/media-socket.ts";
import { parseRtp } from "../../../src/wire/rtp/header.ts";

export interface SentPacket {
  readonly to: Endpoint;
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc: number;
  readonly payloadType: number;
  readonly marker: boolean;
  readonly payload: Buffer;
  readonly rollover: number;
}

/** Copies instead of encrypting and remembers the rollover counter it was given. */
export class PlainCipher implements SrtpCipher {
  rollover = 0;
  protect(
    out: Buffer,
    offset: number,
    source: Uint8Array,
    sourceOffset: number,
    length: number,
    rollover: number,
  ): number {
    this.rollover = rollover;
    out.set(source.subarray(sourceOffset, sourceOffset + length), offset + 12);
    return 12 + length;
  }
  close(): void {}
}

/** Records what would be sent. */
export class RecordingBatch implements BatchSender {
  readonly arena = Buffer.alloc(2048);
  readonly packets: SentPacket[] = [];
  readonly packetsQueued = 0;
  readonly packetsDropped = 0;
  flushes = 0;
  cipher = new PlainCipher();
  next(): number {
    return 0;
  }
  commit(length: number, to: Endpoint): void {
    const datagram = Buffer.from(this.arena.subarray(0, length));
    const view = parseRtp(datagram);
    if (view === undefined) throw new Error("not RTP");
    const payload = datagram.subarray(view.payloadOffset);
    this.packets.push({ ...view, to, payload, rollover: this.cipher.rollover });
  }
  flush(): void {
    this.flushes++;
  }
}

/** A track without werift: only what the egress side reads. */
export function fakeTrack(kind: "video" | "audio" = "video", capacity = 2048) {
  const ring = new PacketRing(capacity);
  const track = { kind, clockRate: kind === "video" ? 90_000 : 48_000, ring } as unknown as Track;
  let sequence = 0;
  const add = (options: { key?: boolean; bytes?: number; marker?: boolean } = {}) => {
    const payload = Buffer.alloc(options.bytes ?? 100, sequence & 0xff);
    ring.append(payload, {
      sequence: sequence & 0xffff,
      timestamp: sequence * 3000,
      marker: options.marker ?? true,
      startsKeyframe: options.key ?? false,
    });
    sequence++;
  };
  const skip = () => void sequence++;
  return { track, add, skip };
}

export function subscriberOf(
  track: Track,
  batch: RecordingBatch,
  options: {
    port?: number;
    rtx?: boolean;
    firstSequence?: number;
    onStart?: () => void;
    onSkipped?: (frames: number) => void;
  } = {},
): Subscriber {
  return new Subscriber({
    track,
    path: { endpoint: { address: "192.0.2.1", port: options.port ?? 1 }, cipher: batch.cipher },
    payloadType: 102,
    ssrc: 0xcafe,
    rtx: options.rtx ? { payloadType: 103, ssrc: 0xbeef } : undefined,
    firstSequence: options.firstSequence ?? 2000,
    timestampShift: 0xfffffff0,
    ...(options.onStart === undefined ? {} : { onStart: options.onStart }),
    ...(options.onSkipped === undefined ? {} : { onSkipped: options.onSkipped }),
  });
}

/** As if all that the ring was given so far had been sent. */
export function allSent(subscriber: Subscriber): Subscriber {
  if (subscriber.startIndex < 0) subscriber.startAt(0);
  subscriber.nextIndex = subscriber.track.ring.head;
  return subscriber;
}
