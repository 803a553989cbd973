/** Opens the media shards that the configuration asks for. */
import { availableParallelism, networkInterfaces } from "node:os";
import { isLoopback } from "../api/auth.ts";
import { mediaPort } from "../config/media-ports.ts";
import type { Config } from "../config/schema.ts";
import { Admission } from "../peer/admission.ts";
import type { PeerEventSink } from "../peer-events.ts";
import { LocalShard } from "../shard/local-shard.ts";
import type { MediaClocks } from "../shard/open-media.ts";
import type { MediaShard, ShardSettings } from "../shard/shard.ts";
import { Shards } from "../shard/shards.ts";
import { WorkerShard } from "../shard/worker-shard.ts";
import type { Logger } from "../telemetry/logger.ts";
import { candidateAddresses } from "../transport/local-addresses.ts";

/** With this many cores FFmpeg, HTTP and media share them best in few threads. */
const CORES_WITHOUT_WORKER = 2;

export interface MediaShardsOptions {
  readonly config: Config;
  /** Where HTTP listens. */
  readonly host: string;
  readonly clocks: MediaClocks;
  readonly onEvent: PeerEventSink;
  readonly logger: Logger;
}

/** Rejects with MediaSocketFailed where a port cannot be bound. */
export async function openShards(options: MediaShardsOptions): Promise<Shards> {
  const { webrtc } = options.config;
  const admission = new Admission({
    total: webrtc.max_peers_total,
    perStream: webrtc.max_peers_per_stream,
  });
  return new Shards(await openAll(options), admission);
}

async function openAll(options: MediaShardsOptions): Promise<readonly MediaShard[]> {
  const { config, clocks, onEvent, logger: log } = options;
  const workers = workerCount(config.media.workers, availableParallelism());
  if (workers === 0) return [await LocalShard.open(settings(options, 0), clocks, onEvent)];
  const shards: MediaShard[] = [];
  try {
    for (let i = 0; i < workers; i++) {
      shards.push(await WorkerShard.open({ settings: settings(options, i), clocks, onEvent, log }));
    }
  } catch (error) {
    await Promise.all(shards.map((shard) => shard.close()));
    throw error;
  }
  return shards;
}

/** How many media workers to run. More than one each needs a port, so that is for the operator to say. */
export function workerCount(configured: "auto" | number, cores: number): number {
  if (configured !== "auto") return configured;
  return cores > CORES_WITHOUT_WORKER ? 1 : 0;
}

function settings({ config, host }: MediaShardsOptions, index: number): ShardSettings {
  const { webrtc } = config;
  return {
    name: `media-${index}`,
    udpPort: mediaPort(webrtc.udp_port, index),
    addresses: candidateAddresses({
      configured: webrtc.public_ips,
      interfaces: Object.values(networkInterfaces()).flatMap((list) => list ?? []),
      httpOnLoopback: isLoopback(host),
    }),
    backend: webrtc.media_backend,
    connectMsMax: webrtc.ice_timeout_seconds * 1000,
  };
}
