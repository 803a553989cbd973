/** Opens the media socket of one shard, with the fastest send path and cipher that work here, and its registry. */
import { randomBytes } from "node:crypto";
import { selectCipher } from "../egress/cipher/select.ts";
import { PeerRegistry } from "../peer/registry.ts";
import type { PeerEventSink } from "../peer-events.ts";
import { createDtlsIdentity } from "../transport/dtls.ts";
import { MediaSocket } from "../transport/media-socket.ts";
import { selectBatch } from "../transport/select-batch.ts";
import { selectSrtcp } from "../transport/srtcp/select.ts";
import { collectingAfterViewers } from "./garbage.ts";
import type { ShardSettings } from "./shard.ts";

export interface OpenMedia {
  readonly socket: MediaSocket;
  readonly registry: PeerRegistry;
  readonly backend: string;
  /** Ends all viewers and closes the port. */
  readonly close: () => void;
}

export interface MediaClocks {
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  /** Unix milliseconds on the clock of the sources' timelines. */
  readonly unixMs: () => number;
}

/** Rejects with MediaSocketFailed where the port cannot be bound. */
export async function openMedia(
  settings: ShardSettings,
  clocks: MediaClocks,
  onEvent: PeerEventSink,
): Promise<OpenMedia> {
  let opened: PeerRegistry | undefined;
  const socket = await MediaSocket.open(settings.udpPort, (datagram, port, address) =>
    opened?.receive(datagram, { address, port }),
  );
  const cipher = selectCipher(settings.backend);
  const send = await selectBatch(socket, settings.backend);
  const registry = new PeerRegistry({
    context: {
      identity: await createDtlsIdentity(),
      socket,
      batch: send.batch,
      createCipher: cipher.create,
      createSrtcp: selectSrtcp(settings.backend),
      candidates: settings.addresses.map((address) => ({ address, port: socket.port })),
      randomBytes,
      connectMsMax: settings.connectMsMax,
      ...clocks,
    },
    onEvent: collectingAfterViewers(onEvent, {
      beside: () => Bun.gc(false),
      whole: () => Bun.gc(true),
    }),
  });
  opened = registry;
  const close = (): void => {
    registry.close();
    send.batch.close();
    socket.close();
  };
  return { socket, registry, backend: `${send.name}, ${cipher.name}`, close };
}
