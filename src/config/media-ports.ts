/** Which UDP ports viewers' media goes through. Pure. */
import type { Config } from "./schema.ts";

/** One for each media worker, one after the other; 0 is any free port. */
export function mediaPorts({ media, webrtc }: Pick<Config, "media" | "webrtc">): readonly number[] {
  const count = media.workers === "auto" ? 1 : Math.max(1, media.workers);
  return Array.from({ length: count }, (_, index) => mediaPort(webrtc.udp_port, index));
}

/** That of one media worker, by the port of the first. */
export function mediaPort(first: number, index: number): number {
  return first === 0 ? 0 : first + index;
}
