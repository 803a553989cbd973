/**
 * A media shard in a thread of its own. A worker that dies, or gives no sign of life, takes only its own viewers
 * along; another one takes its place, on the same port.
 */
import { Worker } from "node:worker_threads";
import { MediaSocketFailed } from "../errors/process.ts";
import { SessionNotFound, StreamNotLive } from "../errors/viewer.ts";
import { NotReady } from "../errors.ts";
import { type MediaTotals, NO_TOTALS, sumTotals } from "../peer/totals.ts";
import type { CloseReason, PeerEvent, PeerEventSink } from "../peer-events.ts";
import type { Stream } from "../stream/stream.ts";
import type { IceCredentials } from "../transport/ice-lite.ts";
import type { LocalIce, Negotiation } from "../wire/sdp/answer.ts";
import { Feed } from "./feed.ts";
import type { FromWorker, ToWorker } from "./messages.ts";
import type { MediaClocks } from "./open-media.ts";
import { PacketQueue } from "./packet-queue.ts";
import { RemotePeer } from "./remote-peer.ts";
import type { MediaShard, ShardPeer, ShardSettings } from "./shard.ts";

/**
 * A worker that said nothing between so many looks at it hangs: it tells of itself once a second. Not by the clock, which
 * goes on while the whole machine is paused, as for a snapshot.
 */
const QUIET_LOOKS_MAX = 4;
const LOOK_MS = 2500;
const RESTART_MS_MIN = 100;
const RESTART_MS_MAX = 5000;
/** A stop closes each viewer's DTLS; it takes milliseconds. */
const STOP_MS_MAX = 1000;
const RETRY_SECONDS = 5;

/** What of a worker thread is used. */
export interface WorkerThread {
  postMessage(message: ToWorker): void;
  on(event: "message", listener: (message: FromWorker) => void): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
  on(event: "exit", listener: (code: number) => void): unknown;
  terminate(): unknown;
}

export interface WorkerShardOptions {
  readonly settings: ShardSettings;
  readonly clocks: MediaClocks;
  readonly onEvent: PeerEventSink;
  readonly log: {
    error(message: string, fields: Readonly<Record<string, string | number>>): void;
    info(message: string, fields: Readonly<Record<string, string | number>>): void;
  };
  readonly createThread?: () => WorkerThread;
}

type Reply = Extract<FromWorker, { request: number }>;

/** One life of the worker. */
interface Life {
  readonly thread: WorkerThread;
  readonly queue: PacketQueue;
  /** Its port is open. */
  ready: boolean;
}

export class WorkerShard implements MediaShard {
  readonly name: string;
  udpPort: number;
  backend = "";
  /** How often a worker had to be replaced. */
  restarts = 0;
  private readonly options: WorkerShardOptions;
  private readonly streams = new Map<string, { readonly stream: Stream; feed: Feed }>();
  /** Until the worker has told of their end, which may come after ours. */
  private readonly peers = new Map<string, RemotePeer>();
  /** Called with undefined where the worker is lost. */
  private readonly replies = new Map<number, (reply?: Reply) => void>();
  private life: Life | undefined;
  /** Of lives that are over, and of this one. */
  private earlier = NO_TOTALS;
  private current = NO_TOTALS;
  private heartbeatMs: number;
  /** Since the last sign of life. */
  private quietLooks = 0;
  private lastRequest = 0;
  private lastTrack = 0;
  private restartMs = RESTART_MS_MIN;
  private restartTimer: ReturnType<typeof setTimeout> | undefined;
  private watch: ReturnType<typeof setInterval> | undefined;
  private closing = false;
  private stopped: (() => void) | undefined;

  private constructor(options: WorkerShardOptions) {
    this.options = options;
    this.name = options.settings.name;
    this.udpPort = options.settings.udpPort;
    this.heartbeatMs = options.clocks.nowMs();
  }

  /** Rejects with MediaSocketFailed where the port cannot be bound. */
  static async open(options: WorkerShardOptions): Promise<WorkerShard> {
    const shard = new WorkerShard(options);
    await shard.start();
    shard.watch = setInterval(() => shard.checkPulse(), LOOK_MS);
    return shard;
  }

  get peerCount(): number {
    return this.peers.size;
  }

  get totals(): MediaTotals {
    const dropped = this.life?.queue.dropped ?? 0;
    const sum = sumTotals([this.earlier, this.current]);
    return { ...sum, packetsDropped: sum.packetsDropped + dropped };
  }

  get isServing(): boolean {
    return this.life?.ready === true;
  }

  get heartbeatAgeMs(): number {
    return this.options.clocks.nowMs() - this.heartbeatMs;
  }

  addStream(stream: Stream): void {
    this.streams.set(stream.id, { stream, feed: this.newFeed(stream) });
  }

  removeStream(id: string): void {
    this.streams.get(id)?.feed.close();
    this.streams.delete(id);
    const legs = this.earlier.legs.filter((leg) => leg.streamId !== id);
    this.earlier = { ...this.earlier, legs };
    this.post({ type: "remove-stream", id });
    for (const peer of [...this.peers.values()]) {
      if (peer.streamId === id) peer.close("stream_removed");
    }
  }

  async open(streamId: string, negotiation: Negotiation): Promise<ShardPeer> {
    this.streams.get(streamId)?.feed.sync();
    const reply = await this.ask((request) => ({ type: "open", request, streamId, negotiation }));
    if (reply === undefined) {
      throw new NotReady([`media worker ${this.name} is being replaced`], RETRY_SECONDS);
    }
    if (reply.type !== "opened") throw new StreamNotLive(streamId, RETRY_SECONDS);
    const peer = new RemotePeer(streamId, reply.peer, (message) => this.post(message));
    this.peers.set(peer.id, peer);
    return peer;
  }

  async restartIce(peerId: string, remote: IceCredentials): Promise<LocalIce> {
    const reply = await this.ask((request) => ({ type: "restart-ice", request, peerId, remote }));
    const peer = this.peers.get(peerId);
    if (reply?.type !== "restarted" || peer === undefined) throw new SessionNotFound();
    peer.local = reply.local;
    return reply.local;
  }

  async close(): Promise<void> {
    this.closing = true;
    clearInterval(this.watch);
    clearTimeout(this.restartTimer);
    for (const { feed } of this.streams.values()) feed.close();
    const { life } = this;
    if (life === undefined) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, STOP_MS_MAX);
      this.stopped = () => {
        clearTimeout(timer);
        resolve();
      };
      this.post({ type: "stop" });
    });
    this.life = undefined;
    this.endPeers("server_drain");
    life.thread.terminate();
  }

  /** Resolves when the worker's port is open. */
  private start(): Promise<void> {
    const { clocks, settings } = this.options;
    const thread = (this.options.createThread ?? createThread)();
    const life: Life = { thread, queue: new PacketQueue(), ready: false };
    this.life = life;
    this.signOfLife();
    return new Promise((resolve, reject) => {
      thread.on("message", (message) => {
        if (this.life !== life) return;
        if (message.type === "ready") {
          this.udpPort = message.udpPort;
          this.backend = message.backend;
          life.ready = true;
          resolve();
        }
        if (message.type === "failed") reject(new MediaSocketFailed(this.udpPort, message.message));
        this.receive(message);
      });
      const ended = (why: string) => {
        reject(new MediaSocketFailed(this.udpPort, why));
        if (this.life === life) this.lost(why);
      };
      thread.on("error", (error) => ended(error.message));
      thread.on("exit", (code) => ended(`it ended with code ${code}`));
      this.post({
        type: "start",
        // The port stays the same over lives, also where any was taken first.
        settings: { ...settings, udpPort: this.udpPort },
        queue: life.queue.memory,
        unixAheadMs: clocks.unixMs() - Date.now(),
      });
    });
  }

  private lost(why: string): void {
    const { life } = this;
    const { legs, packetsDropped } = this.totals;
    this.life = undefined;
    life?.thread.terminate();
    // What grows must not fall; what waited is gone.
    this.earlier = { ...NO_TOTALS, legs, packetsDropped };
    this.current = NO_TOTALS;
    this.options.log.error("media worker lost", {
      worker: this.name,
      why,
      viewers: this.peers.size,
    });
    for (const reply of this.replies.values()) reply();
    this.replies.clear();
    this.endPeers("worker_lost");
    if (this.closing) {
      this.stopped?.();
      return;
    }
    this.restartTimer = setTimeout(() => this.restart(), this.restartMs);
    this.restartMs = Math.min(this.restartMs * 2, RESTART_MS_MAX);
  }

  private restart(): void {
    this.restarts++;
    this.start().then(
      () => {
        this.restartMs = RESTART_MS_MIN;
        this.options.log.info("media worker restarted", {
          worker: this.name,
          udp_port: this.udpPort,
        });
      },
      (error: unknown) => {
        if (this.life !== undefined)
          this.lost(error instanceof Error ? error.message : String(error));
      },
    );
    for (const [id, entry] of this.streams) {
      entry.feed.close();
      this.streams.set(id, { stream: entry.stream, feed: this.newFeed(entry.stream) });
    }
  }

  private newFeed(stream: Stream): Feed {
    return new Feed({
      stream,
      queue: () => this.life?.queue,
      nextNumber: () => this.lastTrack++,
      announce: (id, tracks) => this.post({ type: "stream", id, tracks }),
      limit: (number, limits) => this.post({ type: "replay-limits", number, limits }),
    });
  }

  private receive(message: FromWorker): void {
    this.signOfLife();
    switch (message.type) {
      case "opened":
      case "restarted":
      case "gone":
        this.replies.get(message.request)?.(message);
        this.replies.delete(message.request);
        return;
      case "events":
        for (const event of message.events) this.receiveEvent(event);
        return;
      case "pulse":
        this.current = message.totals;
        for (const view of message.peers) {
          const peer = this.peers.get(view.id);
          if (peer !== undefined) peer.lastView = view;
        }
        return;
      case "crashed": {
        const { reason, stack } = message;
        this.options.log.error("uncaught error in media worker", {
          worker: this.name,
          reason,
          stack,
        });
        return;
      }
      case "stopped":
        this.stopped?.();
        return;
      default:
        return;
    }
  }

  private receiveEvent(event: PeerEvent): void {
    if (event.type === "closed") {
      this.peers.get(event.peerId)?.ended(event.reason);
      this.peers.delete(event.peerId);
    }
    this.options.onEvent(event);
  }

  /** Tells of every viewer's end in the worker's stead. */
  private endPeers(reason: CloseReason): void {
    const atMs = this.options.clocks.unixMs();
    for (const peer of this.peers.values()) {
      const seconds = (atMs - peer.lastView.sinceMs) / 1000;
      const { id: peerId, streamId } = peer;
      const event = { type: "closed", seconds, atMs, peerId, streamId } as const;
      this.options.onEvent({ ...event, reason: peer.ended(reason) });
    }
    this.peers.clear();
  }

  private signOfLife(): void {
    this.heartbeatMs = this.options.clocks.nowMs();
    this.quietLooks = 0;
  }

  private checkPulse(): void {
    if (this.life === undefined || ++this.quietLooks <= QUIET_LOOKS_MAX) return;
    this.lost(`no sign of life for ${Math.round(this.heartbeatAgeMs)} ms`);
  }

  /** Undefined where there is no worker, or it is lost before it answers. */
  private ask(message: (request: number) => ToWorker): Promise<Reply | undefined> {
    if (this.life === undefined) return Promise.resolve(undefined);
    const request = ++this.lastRequest;
    return new Promise((resolve) => {
      this.replies.set(request, resolve);
      this.post(message(request));
    });
  }

  private post(message: ToWorker): void {
    this.life?.thread.postMessage(message);
  }
}

/** Where deploy/build.ts puts the worker in the binary: import.meta.url names the source it was built from. */
const EMBEDDED = "/$bunfs/root/";

function createThread(): WorkerThread {
  const embedded = Bun.main.startsWith(EMBEDDED);
  return new Worker(
    embedded ? `${EMBEDDED}shard/worker.js` : new URL("./worker.ts", import.meta.url),
  );
}
