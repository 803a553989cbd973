/** GET /metrics: what Prometheus scrapes. Open, as in Core: it names streams, but no viewer and no secret. */
import { Elysia } from "elysia";
import type { Exposition } from "../../metrics/exposition.ts";
import { operation } from "../documentation.ts";

export function metricsRoutes(exposition: Exposition) {
  return new Elysia({ name: "metrics" }).get(
    "/metrics",
    ({ set }) => {
      set.headers["content-type"] = exposition.contentType;
      return exposition.text();
    },
    {
      detail: operation({
        tag: "Server",
        summary: "Metrics",
        description: "Prometheus text format: dragonfork_webrtc_* and those of the process.",
        answers: {
          200: {
            description: "All series.",
            type: "text/plain",
            example: 'dragonfork_webrtc_active_peers{stream_id="test",core="dragonfork"} 3\n',
          },
        },
      }),
    },
  );
}
