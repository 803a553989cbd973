/** Entry point of a media worker: the thread of one shard. Composition only. */
import { parentPort } from "node:worker_threads";
import { StreamNotLive } from "../errors/viewer.ts";
import type { Peer } from "../peer/peer.ts";
import type { PeerEvent } from "../peer-events.ts";
import type { FromWorker, OpenedPeer, ToWorker } from "./messages.ts";
import { Mirror } from "./mirror.ts";
import { type OpenMedia, openMedia } from "./open-media.ts";
import { PacketQueue } from "./packet-queue.ts";

const PULSE_MS = 1000;

type Start = Extract<ToWorker, { type: "start" }>;

const nowMs = (): number => performance.now();

class MediaWorker {
  private readonly post: (message: FromWorker) => void;
  private readonly media: OpenMedia;
  private readonly mirror: Mirror;
  private readonly queue: PacketQueue;
  private readonly pulse: ReturnType<typeof setInterval>;

  private constructor(media: OpenMedia, queue: PacketQueue, post: (message: FromWorker) => void) {
    this.media = media;
    this.queue = queue;
    this.post = post;
    this.mirror = new Mirror(queue);
    this.pulse = setInterval(() => this.tellPulse(), PULSE_MS);
    // Without packets there is no use in going on.
    this.takePackets().catch((error: unknown) => {
      post(crashed(error));
      process.exit(1);
    });
  }

  static async start(
    { settings, queue, unixAheadMs }: Start,
    post: (message: FromWorker) => void,
  ): Promise<MediaWorker> {
    const origin = Date.now() + unixAheadMs - nowMs();
    const clocks = { nowMs, unixMs: () => origin + nowMs() };
    const media = await openMedia(settings, clocks, inBatches(post));
    const worker = new MediaWorker(media, new PacketQueue(queue), post);
    post({ type: "ready", udpPort: media.socket.port, backend: media.backend });
    return worker;
  }

  receive(message: ToWorker): void {
    const { registry } = this.media;
    switch (message.type) {
      case "stream": {
        const added = this.mirror.setTracks(message.id, message.tracks);
        if (added !== undefined) registry.addStream(added);
        this.mirror.takePackets();
        return;
      }
      case "replay-limits":
        this.mirror.setReplayLimits(message.number, message.limits);
        return;
      case "remove-stream":
        registry.removeStream(message.id);
        this.mirror.remove(message.id);
        return;
      case "open":
        this.open(message);
        return;
      case "restart-ice": {
        const peer = registry.get(message.peerId);
        const { request } = message;
        if (peer === undefined) this.post({ type: "gone", request });
        else {
          const local = registry.restartIce(peer, message.remote);
          this.post({ type: "restarted", request, local });
        }
        return;
      }
      case "candidates":
        registry.get(message.peerId)?.addRemoteCandidates(message.candidates);
        return;
      case "close":
        registry.get(message.peerId)?.close(message.reason);
        return;
      case "stop":
        this.stop();
        return;
      default:
        return;
    }
  }

  private open({ request, streamId, negotiation }: Extract<ToWorker, { type: "open" }>): void {
    try {
      const peer = this.media.registry.open(streamId, negotiation);
      this.post({ type: "opened", request, peer: opened(peer) });
    } catch (error) {
      this.post({ type: "gone", request });
      if (!(error instanceof StreamNotLive)) throw error;
    }
  }

  private stop(): void {
    clearInterval(this.pulse);
    this.media.close();
    // What was told of the viewers' ends leaves first.
    setImmediate(() => this.post({ type: "stopped" }));
  }

  private tellPulse(): void {
    const { registry } = this.media;
    const peers = registry.list().map((peer) => peer.view());
    this.post({ type: "pulse", peers, totals: registry.totals });
  }

  private async takePackets(): Promise<never> {
    for (;;) {
      await this.queue.ready();
      // The announcement that packets wait for comes by the event loop, which a full queue would never let turn.
      if (!this.mirror.takePackets()) await new Promise<void>((resolve) => setImmediate(resolve));
    }
  }
}

function opened(peer: Peer): OpenedPeer {
  const { answer, local, iceTransportMids } = peer;
  return { answer, local, iceTransportMids, view: peer.view() };
}

/** One message for all events of a turn of the event loop. */
function inBatches(post: (message: FromWorker) => void): (event: PeerEvent) => void {
  let events: PeerEvent[] = [];
  return (event) => {
    events.push(event);
    if (events.length > 1) return;
    setImmediate(() => {
      const batch = events;
      events = [];
      post({ type: "events", events: batch });
    });
  };
}

function crashed(error: unknown): FromWorker {
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  return { type: "crashed", reason: String(error), stack };
}

function run(): void {
  const port = parentPort;
  if (port === null) throw new Error("This is the entry point of a worker.");
  const post = (message: FromWorker): void => port.postMessage(message);
  // As in the main thread: it belongs to one viewer, and would end all of this worker.
  process.on("uncaughtException", (error) => post(crashed(error)));
  process.on("unhandledRejection", (error) => post(crashed(error)));
  const waiting: ToWorker[] = [];
  let worker: MediaWorker | undefined;
  port.on("message", (message: ToWorker) => {
    if (message.type !== "start") {
      if (worker === undefined) waiting.push(message);
      else worker.receive(message);
      return;
    }
    MediaWorker.start(message, post).then(
      (started) => {
        worker = started;
        for (const early of waiting.splice(0)) started.receive(early);
      },
      (error: unknown) =>
        post({ type: "failed", message: error instanceof Error ? error.message : String(error) }),
    );
  });
}

run();
