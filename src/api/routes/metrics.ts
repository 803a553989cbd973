/** GET /metrics: what Prometheus scrapes. Open unless configured otherwise, as in Core: it names streams, but no viewer and no secret. */
import { Elysia } from "elysia";
import type { Exposition } from "../../metrics/exposition.ts";
import { operation } from "../documentation.ts";

export function metricsRoutes(exposition: Exposition, guard: (request: Request) => void) {
  return new Elysia({ name: "metrics" }).get(
    "/metrics",
    async ({ request, set }) => {
      guard(request);
      const accept = request.headers.get("accept") ?? "";
      const { body, contentType } = await exposition.scrape(accept);
      set.headers["content-type"] = contentType;
      return body;
    },
    {
      detail: operation({
        tag: "Server",
        summary: "Metrics",
        description:
          "Prometheus text format, or OpenMetrics with exemplars (the id of a session) if Accept prefers it: dragonfork_* and those of the process. Asks for a token or a password (Basic) only if CORE_METRICS_TOKEN or CORE_METRICS_PASSWORD is set.",
        answers: {
          200: {
            description: "All series.",
            type: "text/plain",
            example: 'dragonfork_webrtc_active_peers{stream_id="test",core="dragonfork"} 3\n',
          },
        },
        problems: ["unauthorized"],
      }),
    },
  );
}
