/**
 * Answers NACKs of one subscriber from the ring (RFC 4585 §6.2.1, RFC 4588). A NACK of 4 bytes can ask for 17
 * packets, so each packet is sent again at most three times, not faster than a round trip, and all resends of a
 * viewer stay within a share of what it is sent.
 */

import { SLOT_BYTES } from "../stream/packet-ring.ts";
import type { BatchSender } from "../transport/batch-sender.ts";
import { PROTECTED_OVERHEAD_BYTES, RTX_PREFIX_BYTES, type Subscriber } from "./subscriber.ts";

const RESENDS_MAX = 3;
const INTERVAL_MS_MIN = 50;
/** Resent bytes per second: a quarter of the stream's own rate, and never less than two frames' worth. */
const BUDGET_SHARE = 0.25;
const BUDGET_BYTES_MIN = 64 * 1024;
/** Seconds of budget that may be saved up for a burst of loss. */
const BUDGET_SECONDS = 2;

/** Where the payload of an RTX packet is put together; it is protected before the next one. */
const rtxPayload = Buffer.alloc(SLOT_BYTES + RTX_PREFIX_BYTES);

interface Attempt {
  index: number;
  count: number;
  lastMs: number;
}

export class Resend {
  packetsResent = 0;
  /** NACKed packets that were not resent: no longer held, or beyond a limit. */
  packetsRefused = 0;
  private readonly subscriber: Subscriber;
  private readonly batch: BatchSender;
  /** By packet index modulo the ring's capacity, so it is as bounded as the ring. */
  private readonly attempts = new Map<number, Attempt>();
  private budgetBytes = BUDGET_BYTES_MIN;
  private budgetAtMs: number | undefined;
  private octetsAtBudget = 0;

  constructor(subscriber: Subscriber, batch: BatchSender) {
    this.subscriber = subscriber;
    this.batch = batch;
  }

  /** One NACK entry. `rttMs` is the round trip where it is known. The caller flushes the batch. */
  nack(packetId: number, bitmask: number, nowMs: number, rttMs: number | undefined): void {
    this.refill(nowMs);
    this.resend(packetId, nowMs, rttMs);
    for (let bit = 0; bit < 16; bit++) {
      if (bitmask & (1 << bit)) this.resend((packetId + bit + 1) & 0xffff, nowMs, rttMs);
    }
  }

  private resend(sequence: number, nowMs: number, rttMs: number | undefined): void {
    const { ring } = this.subscriber.track;
    const index = this.subscriber.heldIndexOf(sequence);
    if (index === undefined || !this.allowed(index, nowMs, rttMs)) {
      this.packetsRefused++;
      return;
    }
    const length = ring.length(index);
    this.budgetBytes -= length + PROTECTED_OVERHEAD_BYTES;
    this.packetsResent++;
    if (this.subscriber.rtx === undefined) {
      this.subscriber.send(index, this.batch);
      return;
    }
    const offset = ring.offset(index);
    rtxPayload.set(ring.bytes.subarray(offset, offset + length), RTX_PREFIX_BYTES);
    this.subscriber.sendRtx(index, rtxPayload, this.batch);
  }

  private allowed(index: number, nowMs: number, rttMs: number | undefined): boolean {
    if (this.budgetBytes <= 0) return false;
    const slot = index % this.subscriber.track.ring.capacity;
    const attempt = this.attempts.get(slot);
    if (attempt === undefined || attempt.index !== index) {
      this.attempts.set(slot, { index, count: 1, lastMs: nowMs });
      return true;
    }
    const interval = Math.max(INTERVAL_MS_MIN, rttMs ?? 0);
    if (attempt.count >= RESENDS_MAX || nowMs - attempt.lastMs < interval) return false;
    attempt.count++;
    attempt.lastMs = nowMs;
    return true;
  }

  private refill(nowMs: number): void {
    const sinceMs = nowMs - (this.budgetAtMs ?? nowMs);
    if (this.budgetAtMs !== undefined && sinceMs < INTERVAL_MS_MIN) return;
    this.budgetAtMs = nowMs;
    const seconds = sinceMs / 1000;
    const sent = this.subscriber.octetsSent - this.octetsAtBudget;
    this.octetsAtBudget = this.subscriber.octetsSent;
    const earned = Math.max(sent * BUDGET_SHARE, BUDGET_BYTES_MIN * seconds);
    const rate = seconds > 0 ? earned / seconds : BUDGET_BYTES_MIN;
    const most = Math.max(BUDGET_BYTES_MIN, rate) * BUDGET_SECONDS;
    this.budgetBytes = Math.min(this.budgetBytes + earned, most);
  }
}
