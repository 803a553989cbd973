/**
 * Sends our flights: numbers the plain records, puts a flight into as few datagrams as fit, and repeats it until
 * the client goes on (RFC 6347 §4.2.4). werift writes records; it neither numbers repeats nor stops its timers.
 */
import { packDatagrams, readRecords } from "./record.ts";

/** Browsers start at 50 ms and answer within a round trip; doubled each time (RFC 6347 §4.2.4.1). */
const REPEAT_MS_FIRST = 250;
const REPEAT_MS_MAX = 4000;
/** With the intervals above about 20 s: longer than a session may take to connect. */
const TIMED_REPEATS_MAX = 7;
/** Repeats asked for by the client, so that a replayed hello is no lever. */
const ASKED_REPEATS_MAX = 16;
/** Of 2^48; no honest hello comes near, and numbers must not wrap (RFC 6347 §4.1). */
const HELLO_SEQUENCE_MAX = 2 ** 47;

/** Starts a timer and returns what stops it. */
export type StartTimer = (ms: number, run: () => void) => () => void;

export class FlightSender {
  /** Sequence number of our next record under the keys, once the first one (Finished) is written. */
  protectedSequence: number | undefined;
  private plainSequence = 0;
  private flight: Buffer[] = [];
  private waiting: Buffer[] = [];
  private askedRepeats = 0;
  private stopTimer: (() => void) | undefined;
  private readonly sendDatagram: (datagram: Buffer) => void;
  private readonly startTimer: StartTimer;

  constructor(sendDatagram: (datagram: Buffer) => void, startTimer: StartTimer) {
    this.sendDatagram = sendDatagram;
    this.startTimer = startTimer;
  }

  /** Takes records; all of one turn are a flight and leave together. */
  write(bytes: Buffer): void {
    if (this.waiting.length === 0) queueMicrotask(() => this.flush());
    for (const record of readRecords(bytes)) {
      if (record.epoch > 0) {
        this.protectedSequence = Math.max(this.protectedSequence ?? 0, record.sequenceNumber + 1);
      }
      this.waiting.push(Buffer.from(record.bytes));
    }
  }

  flush(): void {
    if (this.waiting.length === 0) return;
    this.flight = this.waiting;
    this.waiting = [];
    this.send(this.flight);
  }

  /** Sends one record that belongs to no flight. */
  sendAlone(record: Buffer): void {
    this.flush();
    this.send([record]);
  }

  /** RFC 6347 §4.2.1: our number follows the hello's, so that repeated answers to hellos never collide. */
  followHello(sequenceNumber: number): void {
    if (sequenceNumber > HELLO_SEQUENCE_MAX) return;
    this.plainSequence = Math.max(this.plainSequence, sequenceNumber);
  }

  /** Sends the last flight again because the client repeated its own. */
  repeat(): void {
    if (this.waiting.length > 0 || this.askedRepeats >= ASKED_REPEATS_MAX) return;
    this.askedRepeats += 1;
    this.send(this.flight);
  }

  /** Repeats the last flight by timer until stopped; `onUnanswered` when nobody ever answered. */
  startRepeating(onUnanswered: () => void): void {
    let ms = REPEAT_MS_FIRST;
    let left = TIMED_REPEATS_MAX;
    const next = (): void => {
      if (left === 0) {
        onUnanswered();
        return;
      }
      left -= 1;
      this.send(this.flight);
      ms = Math.min(ms * 2, REPEAT_MS_MAX);
      this.stopTimer = this.startTimer(ms, next);
    };
    this.stopRepeating();
    this.stopTimer = this.startTimer(ms, next);
  }

  stopRepeating(): void {
    this.stopTimer?.();
    this.stopTimer = undefined;
  }

  /** Stops the timer and frees what was kept. */
  close(): void {
    this.flush();
    this.stopRepeating();
    this.flight = [];
  }

  private send(records: readonly Buffer[]): void {
    for (const record of records) this.number(record);
    for (const datagram of packDatagrams(records)) this.sendDatagram(datagram);
  }

  /** Plain records get a fresh number each time; protected ones are sealed with theirs. */
  private number(record: Buffer): void {
    if (record.readUInt16BE(3) !== 0) return;
    record.writeUIntBE(this.plainSequence, 5, 6);
    this.plainSequence += 1;
  }
}
