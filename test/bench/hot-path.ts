/** The media path without HTTP, ICE and DTLS: a track, and viewers whose packets end in a sink socket. */
import { randomBytes } from "node:crypto";
import { selectCipher } from "../../src/egress/cipher/select.ts";
import { FanOut } from "../../src/egress/fan-out.ts";
import { Subscriber } from "../../src/egress/subscriber.ts";
import { Track } from "../../src/stream/track.ts";
import type { BatchSender } from "../../src/transport/batch-sender.ts";
import type { SrtpKeys } from "../../src/transport/dtls.ts";
import { MediaSocket } from "../../src/transport/media-socket.ts";
import { selectBatch } from "../../src/transport/select-batch.ts";

/** A frame of 720p30 at 2.5 Mb/s. */
export const FRAME_PACKETS = 9;
export const PAYLOAD_BYTES = 1188;

export interface HotPath {
  /** Which send back-end and cipher were chosen. */
  readonly name: string;
  readonly batch: BatchSender;
  readonly track: Track;
  /** Adds a viewer; the track must hold a keyframe for it to be sent anything. */
  addViewer(): void;
  close(): void;
}

export async function openHotPath(backend: "auto" | "portable"): Promise<HotPath> {
  const socket = await MediaSocket.open(0, () => undefined);
  const sink = await Bun.udpSocket({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { batch, name } = await selectBatch(socket, backend);
  const cipher = selectCipher(backend);
  const fanOut = new FanOut(batch);
  const track = new Track({ kind: "video", codec: "H264", channels: 0, onPackets: fanOut.arm });
  let viewers = 0;
  return {
    name: `${name}, ${cipher.name}`,
    batch,
    track,
    addViewer: () => {
      const endpoint = { address: "127.0.0.1", port: sink.port };
      const subscriber = new Subscriber({
        track,
        path: { endpoint, cipher: cipher.create(keys()) },
        payloadType: 96,
        ssrc: viewers++,
        rtx: undefined,
        firstSequence: 1024,
        timestampShift: 0,
      });
      fanOut.add(subscriber);
    },
    close: () => {
      fanOut.close();
      socket.close();
      sink.close();
    },
  };
}

function keys(): SrtpKeys {
  const [localKey, localSalt] = [randomBytes(16), randomBytes(12)];
  return {
    profile: "AEAD_AES_128_GCM",
    localKey,
    localSalt,
    remoteKey: localKey,
    remoteSalt: localSalt,
  };
}

/** One turn of the event loop. */
export const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

export function quantiles(samples: readonly number[]) {
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}
