/**
 * The Linux back-end: sendmmsg with UDP_SEGMENT, so that the packets of one frame to one viewer are one message
 * that the kernel cuts (udp(7), "UDP_SEGMENT"). Packets wait in a ring of slots; what the kernel does not take now
 * stays there and is tried again, until the ring is full and the oldest message is dropped and counted.
 * Hot: allocates nothing per packet; watched by the fan-out bench.
 */
import { dlopen, type Pointer, ptr, read } from "bun:ffi";
import { addressBytes } from "../wire/stun/message.ts";
import { type BatchSender, PACKET_BYTES } from "./batch-sender.ts";
import type { Endpoint } from "./media-socket.ts";

/** Packets that may wait: about 5 MB/s of frames for 100 viewers for a tenth of a second. Powers of two. */
const SLOTS = 4096;
const SLOT_MASK = SLOTS - 1;
/** The kernel takes 64 segments in all versions; 40 full packets stay below the 64 KiB of one message. */
const SEGMENTS_MAX = 40;
/** So many leave together, from the same slots each time, so that the kernel finds them in the processor's cache. */
const TOGETHER = 128;
/** UIO_MAXIOV: more messages are not taken by one call. */
const MESSAGES_MAX = 1024;
const RETRY_MS = 1;

const MESSAGE_BYTES = 64;
const IOVEC_BYTES = 16;
const NAME_BYTES = 32;
const SOCKADDR_IN_BYTES = 16;
const SOCKADDR_IN6_BYTES = 28;
const CONTROL_BYTES = 24;
const AF_INET = 2;
const AF_INET6 = 10;
const MSG_DONTWAIT = 0x40;
const SOL_UDP = 17;
const UDP_SEGMENT = 103;
/** Length of a cmsghdr with a u16 in it, as the kernel wants it: without padding at the end. */
const CONTROL_LENGTH = 18;
const EINTR = 4;
const EAGAIN = 11;
const ENOBUFS = 105;

/** What of the socket is needed. */
export interface RawSocket {
  readonly fd: number;
  /** Whether it was bound for IPv6, so that IPv4 addresses go mapped. */
  readonly ipv6: boolean;
}

export function openLibc() {
  return dlopen("libc.so.6", {
    sendmmsg: { args: ["i32", "ptr", "u32", "i32"], returns: "i32" },
    __errno_location: { args: [], returns: "ptr" },
  }).symbols;
}

export type Libc = ReturnType<typeof openLibc>;

/** A viewer's address as the kernel wants it. */
interface Destination {
  readonly sockaddr: Int32Array;
  /** False once segments to it were refused: its path has a small MTU, or a device that cannot do it. */
  segments: boolean;
}

/** Opens the back-end for a socket; undefined where this is no Linux with glibc on a 64-bit machine. */
export function openGsoBatch(socket: RawSocket): GsoBatch | undefined {
  const supported = process.platform === "linux" && ["x64", "arm64"].includes(process.arch);
  if (!supported) return undefined;
  try {
    return new GsoBatch(socket, openLibc());
  } catch {
    return undefined;
  }
}

export class GsoBatch implements BatchSender {
  readonly arena = Buffer.alloc(SLOTS * PACKET_BYTES);
  packetsDropped = 0;
  private readonly libc: Libc;
  private readonly socket: RawSocket;
  private readonly errno: Pointer;
  private readonly iovecs = new Int32Array((SLOTS * IOVEC_BYTES) / 4);
  private readonly messages = new Int32Array((SLOTS * MESSAGE_BYTES) / 4);
  private readonly names = new Int32Array((SLOTS * NAME_BYTES) / 4);
  private readonly controls = new Int32Array((SLOTS * CONTROL_BYTES) / 4);
  private readonly messagesAddress: number;
  private readonly iovecsAddress: number;
  /** The address of each slot's iovec, in two words. */
  private readonly iovecPointers = new Int32Array(SLOTS * 2);
  /** One message of its own, to send the packets of a refused message one by one. */
  private readonly single = new Int32Array(MESSAGE_BYTES / 4);
  private readonly singleAddress: Pointer;
  private readonly destinations = new WeakMap<Endpoint, Destination>();
  /** Of each message. */
  private readonly messagesTo: (Destination | undefined)[] = Array(SLOTS).fill(undefined);
  /** Ever-growing counters; a slot is a counter modulo the ring. */
  private nextSlot = 0;
  private oldestSlot = 0;
  private nextMessage = 0;
  private oldestMessage = 0;
  /** The open run: packets of one size to one viewer, the last may be shorter. */
  private runTo: Endpoint | undefined;
  private runBytes = 0;
  private runCount = 0;
  private retryTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(socket: RawSocket, libc: Libc) {
    this.socket = socket;
    this.libc = libc;
    const errno = libc.__errno_location();
    if (!errno) throw new Error("libc has no errno");
    this.errno = Number(errno) as Pointer;
    this.messagesAddress = Number(ptr(this.messages));
    this.iovecsAddress = Number(ptr(this.iovecs));
    this.singleAddress = ptr(this.single);
    this.layOut();
  }

  get packetsQueued(): number {
    return this.nextSlot - this.oldestSlot;
  }

  /** Whether the packets of a frame to this viewer go as one message: true until that was refused. */
  segmentsTo(to: Endpoint): boolean {
    return this.destination(to).segments;
  }

  next(): number {
    const waiting = this.packetsQueued;
    if (waiting === SLOTS) this.makeRoom();
    else if (waiting >= TOGETHER && this.canSend) this.flush();
    return (this.nextSlot & SLOT_MASK) * PACKET_BYTES;
  }

  commit(length: number, to: Endpoint): void {
    if (length === 0) return;
    const slot = this.nextSlot++ & SLOT_MASK;
    this.iovecs[slot * 4 + 2] = length;
    if (!this.joinsRun(slot, length, to)) {
      this.runTo = this.openMessage(slot, to) ? to : undefined;
      this.runBytes = length;
      this.runCount = 1;
      return;
    }
    const message = (this.nextMessage - 1) & SLOT_MASK;
    const at = (message * MESSAGE_BYTES) / 4;
    this.runCount++;
    this.messages[at + 6] = this.runCount;
    if (this.runCount === 2) {
      this.messages[at + 10] = CONTROL_BYTES;
      this.controls[(message * CONTROL_BYTES) / 4 + 4] = this.runBytes;
    }
    // A shorter packet ends the run: only the last segment may be short.
    if (length < this.runBytes) this.runTo = undefined;
  }

  flush(): void {
    this.runTo = undefined;
    while (this.oldestMessage < this.nextMessage) {
      const first = this.oldestMessage & SLOT_MASK;
      const waiting = this.nextMessage - this.oldestMessage;
      const count = Math.min(waiting, SLOTS - first, MESSAGES_MAX);
      const sent = this.send(this.messagesAddress + first * MESSAGE_BYTES, count);
      for (let i = 0; i < sent; i++) this.forgetOldest();
      if (sent > 0) continue;
      const error = read.i32(this.errno, 0);
      if (error === EINTR) continue;
      if (error === EAGAIN || error === ENOBUFS) {
        this.retryTimer ??= setTimeout(this.retry, RETRY_MS);
        return;
      }
      this.sendOneByOne(first);
    }
    this.freeAll();
  }

  /** Drops what waits: the descriptor may soon be somebody else's. */
  close(): void {
    clearTimeout(this.retryTimer);
    this.freeAll();
  }

  private freeAll(): void {
    this.nextSlot = this.oldestSlot = 0;
    this.nextMessage = this.oldestMessage = 0;
  }

  /** Not in the middle of a run, nor while the kernel takes nothing. */
  private get canSend(): boolean {
    return this.runTo === undefined && this.retryTimer === undefined;
  }

  private readonly retry = (): void => {
    this.retryTimer = undefined;
    this.flush();
  };

  private send(address: number, count: number): number {
    return this.libc.sendmmsg(this.socket.fd, address as Pointer, count, MSG_DONTWAIT);
  }

  private joinsRun(slot: number, length: number, to: Endpoint): boolean {
    return (
      to === this.runTo &&
      length <= this.runBytes &&
      this.runCount < SEGMENTS_MAX &&
      // The iovecs of a message lie side by side.
      slot !== 0
    );
  }

  /** True where more packets may join it. */
  private openMessage(slot: number, to: Endpoint): boolean {
    const message = this.nextMessage++ & SLOT_MASK;
    const at = (message * MESSAGE_BYTES) / 4;
    const destination = this.destination(to);
    const words = destination.sockaddr;
    this.messagesTo[message] = destination;
    const first = (message * NAME_BYTES) / 4;
    for (let i = 0; i < words.length; i++) this.names[first + i] = words[i] ?? 0;
    this.messages[at + 4] = this.iovecPointers[slot * 2] ?? 0;
    this.messages[at + 5] = this.iovecPointers[slot * 2 + 1] ?? 0;
    this.messages[at + 6] = 1;
    this.messages[at + 10] = 0;
    return destination.segments;
  }

  /** What never changes: where slots, names and segment sizes are. */
  private layOut(): void {
    const arena = Number(ptr(this.arena));
    const names = Number(ptr(this.names));
    const controls = Number(ptr(this.controls));
    const nameBytes = this.socket.ipv6 ? SOCKADDR_IN6_BYTES : SOCKADDR_IN_BYTES;
    for (let i = 0; i < SLOTS; i++) {
      const message = (i * MESSAGE_BYTES) / 4;
      this.writePointer(this.iovecs, i * 4, arena + i * PACKET_BYTES);
      this.writePointer(this.iovecPointers, i * 2, this.iovecsAddress + i * IOVEC_BYTES);
      this.writePointer(this.messages, message, names + i * NAME_BYTES);
      this.messages[message + 2] = nameBytes;
      this.writePointer(this.messages, message + 8, controls + i * CONTROL_BYTES);
      const control = (i * CONTROL_BYTES) / 4;
      this.controls[control] = CONTROL_LENGTH;
      this.controls[control + 2] = SOL_UDP;
      this.controls[control + 3] = UDP_SEGMENT;
    }
  }

  private writePointer(into: Int32Array, at: number, address: number): void {
    into[at] = address >>> 0;
    into[at + 1] = Math.floor(address / 2 ** 32);
  }

  private forgetOldest(): void {
    const at = ((this.oldestMessage++ & SLOT_MASK) * MESSAGE_BYTES) / 4;
    this.oldestSlot += this.messages[at + 6] ?? 0;
  }

  /** The ring is full: send, and where nothing goes, drop the oldest message. */
  private makeRoom(): void {
    this.flush();
    if (this.nextSlot - this.oldestSlot < SLOTS) return;
    const at = ((this.oldestMessage & SLOT_MASK) * MESSAGE_BYTES) / 4;
    this.packetsDropped += this.messages[at + 6] ?? 0;
    this.forgetOldest();
  }

  /** The kernel refused this message: without segmentation, its packets may still pass. */
  private sendOneByOne(message: number): void {
    const at = (message * MESSAGE_BYTES) / 4;
    const count = this.messages[at + 6] ?? 0;
    const firstSlot = this.oldestSlot & SLOT_MASK;
    let passed = 0;
    for (let i = 0; i < count; i++) {
      this.single.set(this.messages.subarray(at, at + MESSAGE_BYTES / 4));
      this.writePointer(this.single, 4, this.iovecsAddress + (firstSlot + i) * IOVEC_BYTES);
      this.single[6] = 1;
      this.single[10] = 0;
      if (this.send(Number(this.singleAddress), 1) === 1) passed++;
    }
    this.packetsDropped += count - passed;
    // What passes in single packets was refused for the segmentation. Other viewers have other paths and devices.
    const destination = this.messagesTo[message];
    if (count > 1 && passed === count && destination !== undefined) destination.segments = false;
    this.forgetOldest();
  }

  private destination(to: Endpoint): Destination {
    let known = this.destinations.get(to);
    if (known === undefined) {
      const bytes = sockaddr(to, this.socket.ipv6);
      const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
      known = { sockaddr: words, segments: true };
      this.destinations.set(to, known);
    }
    return known;
  }
}

/** sockaddr_in or sockaddr_in6 (ip(7), ipv6(7)). */
function sockaddr({ address, port }: Endpoint, ipv6: boolean): Uint8Array {
  const ip = addressBytes(address);
  if (!ipv6) {
    const bytes = Buffer.alloc(SOCKADDR_IN_BYTES);
    bytes.writeUInt16LE(AF_INET, 0);
    bytes.writeUInt16BE(port, 2);
    bytes.set(ip.subarray(-4), 4);
    return bytes;
  }
  const bytes = Buffer.alloc(SOCKADDR_IN6_BYTES);
  bytes.writeUInt16LE(AF_INET6, 0);
  bytes.writeUInt16BE(port, 2);
  const mapped =
    ip.length === 4 ? Buffer.concat([Buffer.from("00000000000000000000ffff", "hex"), ip]) : ip;
  bytes.set(mapped, 8);
  return bytes;
}
