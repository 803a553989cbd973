/**
 * Collects protected packets for many viewers in one arena and hands them to the kernel together.
 * Hot: allocates nothing per packet; watched by the fan-out bench.
 */
import type { Endpoint, MediaSocket } from "./media-socket.ts";

/** Room for one SRTP packet: an MTU. */
export const PACKET_BYTES = 1536;
const BATCH_PACKETS = 512;

/** Where the fan-out puts packets. A packet is written at `next()` and sent, at the latest, by `flush()`. */
export interface BatchSender {
  readonly arena: Buffer;
  /** The offset in the arena where the next packet belongs. */
  next(): number;
  /** Queues the `length` bytes at the offset that next() gave. */
  commit(length: number, to: Endpoint): void;
  flush(): void;
  /** Packets that wait for the kernel. */
  readonly packetsQueued: number;
  /** Packets the kernel did not take in time. */
  readonly packetsDropped: number;
}

/** The portable back-end: one sendMany call for up to 512 packets. */
export class SendManyBatch implements BatchSender {
  readonly arena = Buffer.alloc(PACKET_BYTES * BATCH_PACKETS);
  /** The socket counts what it drops. */
  readonly packetsDropped = 0;
  private readonly socket: MediaSocket;
  private readonly list: (Uint8Array | number | string)[] = [];
  private readonly views: Buffer[];
  private count = 0;

  constructor(socket: MediaSocket) {
    this.socket = socket;
    this.views = Array.from({ length: BATCH_PACKETS }, (_, slot) => this.view(slot, 0));
  }

  get packetsQueued(): number {
    return this.count;
  }

  next(): number {
    if (this.count === BATCH_PACKETS) this.flush();
    return this.count * PACKET_BYTES;
  }

  commit(length: number, to: Endpoint): void {
    const slot = this.count++;
    let view = this.views[slot];
    // Most slots carry a full packet each time, so their view is used again.
    if (view === undefined || view.length !== length) {
      view = this.view(slot, length);
      this.views[slot] = view;
    }
    const { list } = this;
    list.push(view, to.port, to.address);
  }

  flush(): void {
    if (this.count === 0) return;
    this.socket.sendMany(this.list);
    this.list.length = 0;
    this.count = 0;
  }

  /** Nothing is kept over a flush. */
  close(): void {}

  private view(slot: number, length: number): Buffer {
    return this.arena.subarray(slot * PACKET_BYTES, slot * PACKET_BYTES + length);
  }
}
