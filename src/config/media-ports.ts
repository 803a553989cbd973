/** Which UDP ports viewers' media goes through. Pure. */
import type { Config } from "./schema.ts";

/** One for each media worker, one after the other; 0 is any free port. */
export function mediaPorts({ media, webrtc }: Pick<Config, "media" | "webrtc">): readonly number[] {
  const { udp_port: first } = webrtc;
  const count = media.workers === "auto" ? 1 : Math.max(1, media.workers);
  return Array.from({ length: count }, (_, index) => (first === 0 ? 0 : first + index));
}
