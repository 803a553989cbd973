/**
 * A bounded queue of packets from the thread that receives them to one media worker: one writer, one reader, no copy by
 * the runtime and nothing to collect. The writer never waits: what does not fit is dropped and counted.
 * Slots are published by atomic stores of `written`, so their plain contents are seen whole (ECMA-262 §29).
 */
import { type PacketFacts, SLOT_BYTES } from "../stream/packet-ring.ts";

/** Half a second of 50 Mb/s. A power of two, so that a counter of 32 bits may wrap. */
const SLOTS = 2048;
const HEADER_BYTES = 16;
const STRIDE = HEADER_BYTES + SLOT_BYTES;
/** Indices of the control words. */
const WRITTEN = 0;
const READ = 1;
const CONTROL_BYTES = 8;
const MARKER = 1;
const KEYFRAME = 2;

/** One packet in the queue; the object and its payload are only good until the next is read. */
export interface QueuedPacket extends PacketFacts {
  readonly track: number;
  readonly payload: Buffer;
}

export class PacketQueue {
  /** To be handed to the other thread. */
  readonly memory: SharedArrayBuffer;
  /** Packets that found the queue full. */
  dropped = 0;
  private readonly control: Int32Array;
  private readonly bytes: Buffer;
  private readonly view: DataView;

  constructor(memory = new SharedArrayBuffer(CONTROL_BYTES + SLOTS * STRIDE)) {
    this.memory = memory;
    this.control = new Int32Array(memory, 0, CONTROL_BYTES / 4);
    this.bytes = Buffer.from(memory as unknown as ArrayBuffer, CONTROL_BYTES);
    this.view = new DataView(memory, CONTROL_BYTES);
  }

  /** Writes one packet; the reader hears of it by wake(). */
  push(
    track: number,
    facts: PacketFacts,
    source: Uint8Array,
    offset: number,
    length: number,
  ): void {
    const written = Atomics.load(this.control, WRITTEN);
    if (((written - Atomics.load(this.control, READ)) | 0) >= SLOTS) {
      this.dropped++;
      return;
    }
    const at = (written & (SLOTS - 1)) * STRIDE;
    const { view } = this;
    view.setUint32(at, track);
    view.setUint32(at + 4, facts.timestamp);
    view.setUint16(at + 8, facts.sequence);
    view.setUint16(at + 10, length);
    view.setUint8(at + 12, (facts.marker ? MARKER : 0) | (facts.startsKeyframe ? KEYFRAME : 0));
    this.bytes.set(source.subarray(offset, offset + length), at + HEADER_BYTES);
    Atomics.store(this.control, WRITTEN, (written + 1) | 0);
  }

  /** Tells the reader that there is something to read. */
  wake(): void {
    Atomics.notify(this.control, WRITTEN);
  }

  /** The oldest packet, which stays until skip(); undefined where there is none. */
  peek(): QueuedPacket | undefined {
    const read = Atomics.load(this.control, READ);
    if (read === Atomics.load(this.control, WRITTEN)) return undefined;
    const at = (read & (SLOTS - 1)) * STRIDE;
    const flags = this.view.getUint8(at + 12);
    const payload = at + HEADER_BYTES;
    return {
      track: this.view.getUint32(at),
      timestamp: this.view.getUint32(at + 4),
      sequence: this.view.getUint16(at + 8),
      marker: (flags & MARKER) !== 0,
      startsKeyframe: (flags & KEYFRAME) !== 0,
      payload: this.bytes.subarray(payload, payload + this.view.getUint16(at + 10)),
    };
  }

  /** Gives the slot of the packet that peek() showed back to the writer. */
  skip(): void {
    Atomics.add(this.control, READ, 1);
  }

  /** Resolves when there may be something to read. */
  async ready(): Promise<void> {
    const read = Atomics.load(this.control, READ);
    const { async: waits, value } = Atomics.waitAsync(this.control, WRITTEN, read);
    if (waits) await value;
  }
}
