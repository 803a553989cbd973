/**
 * The event journal as the server sees it: takes what happens, hands it in batches to a thread that writes it to
 * disk, passes it on to those who listen, and asks the thread what is asked. Nothing here touches a disk.
 */
import { JournalUnavailable } from "../errors.ts";
import { type EventView, type JournalEntry, type JournalRow, toRow, toView } from "./entry.ts";
import { Flood } from "./flood.ts";
import type { Answer, FromKeeper, KeeperSettings, Question, ToKeeper } from "./messages.ts";
import type { EventQuery } from "./query/model.ts";
import type { QueryAnswer, StoreStats } from "./store.ts";

/** The part of a worker that is used. */
export interface KeeperThread {
  postMessage(message: ToKeeper): void;
  on(event: "message", listener: (message: FromKeeper) => void): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
  on(event: "exit", listener: (code: number) => void): unknown;
  terminate(): unknown;
}

export interface JournalOptions {
  readonly settings: KeeperSettings;
  readonly createThread: () => KeeperThread;
  /** Unix milliseconds of the system's clock, as the log has them. */
  readonly unixMs: () => number;
  readonly log: {
    warn(message: string, fields: Readonly<Record<string, string | number>>): void;
    info(message: string, fields: Readonly<Record<string, string | number>>): void;
  };
}

/** How the journal itself does. */
export interface JournalHealth {
  /** Why the disk takes nothing now; undefined where it does. */
  readonly trouble: string | undefined;
  /** Events that had to be given up since the start. */
  readonly dropped: number;
}

/** `seconds` is undefined where a trim failed. */
export type TrimListener = (trim: { readonly seconds: number | undefined }) => void;
export type JournalListener = (event: EventView) => void;

/** From an event until its batch leaves. */
const FLUSH_MS = 500;
/** Without events: old ones are trimmed, and a disk that failed is tried again. */
const BEAT_MS = 10_000;
/** What waits for the thread; a few megabytes. The newest are given up. */
export const QUEUE_MAX = 5000;
/** Questions that wait for the thread. */
const QUESTIONS_MAX = 8;
const ANSWER_MS_MAX = 10_000;
const CLOSE_MS_MAX = 1000;
const RESTART_MS = 5000;

interface Asked {
  /** Until it is sent. */
  question: Question | undefined;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: JournalUnavailable) => void;
}

export class Journal {
  /** Of the file, as its last writer knew. */
  bytes = 0;
  private readonly options: JournalOptions;
  private readonly flood = new Flood();
  private readonly listeners = new Set<JournalListener>();
  private readonly asked = new Map<number, Asked>();
  private readonly beat: ReturnType<typeof setInterval>;
  private flushTimer: ReturnType<typeof setTimeout> | undefined;
  private thread: KeeperThread | undefined;
  private restartTimer: ReturnType<typeof setTimeout> | undefined;
  private queue: JournalRow[] = [];
  private onItsWay = false;
  private lastRequest = 0;
  private trouble: string | undefined;
  private dropped = 0;
  private droppedTold = 0;
  private trimListener: TrimListener = () => {};
  private closed: (() => void) | undefined;

  constructor(options: JournalOptions) {
    this.options = options;
    this.start();
    this.beat = setInterval(() => this.flush(), BEAT_MS);
    this.beat.unref();
  }

  /** Keeps what happened. Never throws, and takes microseconds. */
  record(entry: JournalEntry): void {
    const atMs = this.options.unixMs();
    const passed = this.flood.pass(entry, atMs);
    if (passed === undefined) return;
    const row = toRow(passed, atMs);
    if (this.queue.length < QUEUE_MAX) this.queue.push(row);
    else this.dropped++;
    this.flushTimer ??= setTimeout(() => this.flush(), FLUSH_MS);
    if (this.listeners.size === 0) return;
    const view = toView(row);
    for (const listener of this.listeners) listener(view);
  }

  /** Told of every event from here on, until the returned function is called. It must not throw. */
  listen(listener: JournalListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Told of each trim from here on; the last listener counts. */
  onTrim(listener: TrimListener): void {
    this.trimListener = listener;
  }

  /** Rejects with JournalUnavailable. */
  async search(query: EventQuery): Promise<QueryAnswer> {
    return (await this.ask({ type: "search", query })) as QueryAnswer;
  }

  /** Rejects with JournalUnavailable. */
  async stats(): Promise<StoreStats> {
    return (await this.ask({ type: "stats" })) as StoreStats;
  }

  get health(): JournalHealth {
    const { dropped, trouble } = this;
    return { trouble, dropped };
  }

  get limits(): KeeperSettings["limits"] {
    return this.options.settings.limits;
  }

  /** Writes what waits, and ends the thread; a disk that hangs is not waited for longer than a second. */
  async close(): Promise<void> {
    clearInterval(this.beat);
    clearTimeout(this.restartTimer);
    clearTimeout(this.flushTimer);
    const { thread } = this;
    if (thread === undefined) return;
    await new Promise<void>((resolve) => {
      this.closed = resolve;
      if (this.queue.length > 0) thread.postMessage({ type: "append", rows: this.queue });
      thread.postMessage({ type: "close" });
      setTimeout(resolve, CLOSE_MS_MAX);
    });
    this.thread = undefined;
    this.refuseAll("the server is shutting down");
    thread.terminate();
  }

  private start(): void {
    const thread = this.options.createThread();
    this.thread = thread;
    this.onItsWay = false;
    thread.on("message", (message) => {
      if (this.thread === thread) this.receive(message);
    });
    const ended = (why: string) => {
      if (this.thread === thread) this.lost(why);
    };
    thread.on("error", (error) => ended(error.message));
    thread.on("exit", (code) => ended(`its thread ended with code ${code}`));
    thread.postMessage({ type: "open", settings: this.options.settings });
  }

  private lost(why: string): void {
    this.thread?.terminate();
    this.thread = undefined;
    this.tellTrouble(why);
    this.refuseAll(why);
    this.restartTimer = setTimeout(() => this.start(), RESTART_MS);
  }

  /**
   * One batch is on its way at most, so a thread that hangs on its disk piles nothing up but our queue. Questions go
   * behind the batch with all that was recorded before they were asked.
   */
  private flush(): void {
    clearTimeout(this.flushTimer);
    this.flushTimer = undefined;
    const { thread } = this;
    if (thread === undefined || this.onItsWay) return;
    this.tellDropped();
    this.onItsWay = true;
    const rows = this.queue;
    this.queue = [];
    thread.postMessage({ type: "append", rows });
    for (const [request, asked] of this.asked) {
      const { question } = asked;
      if (question === undefined) continue;
      asked.question = undefined;
      thread.postMessage({ type: "ask", request, question });
    }
  }

  private tellDropped(): void {
    const count = this.dropped - this.droppedTold;
    if (count === 0 || this.trouble !== undefined) return;
    this.droppedTold = this.dropped;
    this.record({ event: "journal_entries_dropped", metadata: { count } });
  }

  private receive(message: FromKeeper): void {
    switch (message.type) {
      case "kept":
        this.onItsWay = false;
        this.dropped += message.lost;
        this.bytes = message.bytes;
        this.tellTrouble(message.trouble);
        if (this.hasQuestions()) this.flush();
        else if (this.queue.length > 0)
          this.flushTimer ??= setTimeout(() => this.flush(), FLUSH_MS);
        return;
      case "answer":
        this.settle(message.request)?.resolve(message.answer);
        return;
      case "refusal":
        this.settle(message.request)?.reject(new JournalUnavailable(message.reason));
        return;
      case "set-aside": {
        const { path, reason } = message;
        this.options.log.warn("journal file set aside, a new one begun", { path, reason });
        return;
      }
      case "trimmed":
        this.trimListener(message);
        return;
      case "closed":
        this.closed?.();
        return;
      default:
        return;
    }
  }

  /** Logs the change, not each attempt. */
  private tellTrouble(trouble: string | undefined): void {
    if (trouble === this.trouble) return;
    const { log, settings } = this.options;
    const { path } = settings;
    this.trouble = trouble;
    if (trouble === undefined) log.info("journal writes again", { path, dropped: this.dropped });
    else log.warn("journal cannot be written; everything else goes on", { path, reason: trouble });
  }

  private ask(question: Question): Promise<Answer> {
    if (this.thread === undefined) return Promise.reject(this.unavailable());
    if (this.asked.size >= QUESTIONS_MAX) {
      return Promise.reject(new JournalUnavailable("too many questions at once."));
    }
    const request = ++this.lastRequest;
    return new Promise<Answer>((resolve, reject) => {
      this.asked.set(request, { question, resolve, reject });
      setTimeout(() => {
        this.settle(request)?.reject(new JournalUnavailable("it does not answer in time."));
      }, ANSWER_MS_MAX).unref();
      this.flush();
    });
  }

  private hasQuestions(): boolean {
    return [...this.asked.values()].some(({ question }) => question !== undefined);
  }

  private settle(request: number): Asked | undefined {
    const asked = this.asked.get(request);
    this.asked.delete(request);
    return asked;
  }

  private refuseAll(why: string): void {
    for (const request of [...this.asked.keys()]) {
      this.settle(request)?.reject(new JournalUnavailable(`${why}.`));
    }
  }

  private unavailable(): JournalUnavailable {
    return new JournalUnavailable(`${this.trouble ?? "it is not open"}.`);
  }
}
