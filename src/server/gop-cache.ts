/** How much of the past a viewer that joins is sent: the process's own limits over those of the server. Pure. */
import type { GopCacheBlock } from "../process/record/gop-cache.ts";
import type { GopCache } from "../stream/stream.ts";

/** In the settings and in a record 0 says nothing: the next wider limit holds, and at the end that of the ring. */
export function gopCacheOf(block: GopCacheBlock, server: GopCache): GopCache {
  if (!block.enabled) return { packets: 0, bytes: 0, seconds: 0 };
  const limit = (own: number, otherwise: number) => own || otherwise || Infinity;
  return {
    packets: limit(block.packets, server.packets),
    bytes: limit(block.bytes, server.bytes),
    seconds: limit(block.seconds, server.seconds),
  };
}
