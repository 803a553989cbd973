/**
 * The OpenAPI document at /swagger/json, made from the routes, and its page at /swagger.
 * Everything the page loads comes from this binary.
 */

import { swagger } from "@elysiajs/swagger";
import { Elysia } from "elysia";
import { docsRoutes } from "../web/docs-assets.ts";

const PATH = "/swagger";

const DESCRIPTION = `Dragon Fork turns FFmpeg sources into WebRTC streams that are watched over WHEP.

- **WHEP**: a player POSTs an SDP offer to \`/api/v3/whep/{id}\` and gets the answer; the session
  lives at the URL in \`Location\` until it is DELETEd.
- **WebRTC**: which streams there are, and who watches them.
- **Process**: the FFmpeg processes behind the streams, in the shape of datarhei Core.

Errors are RFC 9457 problem details (\`application/problem+json\`) with the extra members \`code\`,
\`message\` and \`details\`. Ids may hold any characters; encode them as one path segment.`;

const TAGS = [
  { name: "WHEP", description: "Watch a stream: offer, answer, trickle, restart, end." },
  { name: "WebRTC", description: "Streams and their viewers." },
  { name: "Process", description: "FFmpeg processes: read, add, change, command, delete." },
  { name: "Server", description: "What runs here, its health and its metrics." },
];

/** RFC 9457 body of every error under /api, with datarhei's members. */
const PROBLEM_SCHEMA = {
  type: "object" as const,
  required: ["type", "title", "status", "detail", "code", "message", "details"],
  properties: {
    type: { type: "string" as const, example: "/problems/stream-not-found" },
    title: { type: "string" as const, example: "Stream not found" },
    status: { type: "integer" as const, example: 404 },
    detail: { type: "string" as const, example: "No stream has this id." },
    code: { type: "integer" as const, description: "The same as status.", example: 404 },
    message: { type: "string" as const, example: "Stream not found" },
    details: { type: "array" as const, items: { type: "string" as const }, example: [] },
    scope: { type: "string" as const, enum: ["global", "stream"], description: "503: which cap." },
    media: { type: "string" as const, enum: ["video", "audio"], description: "406: which kind." },
    offered: {
      type: "array" as const,
      items: { type: "string" as const },
      description: "406: codecs of the offer.",
    },
    produced: { type: "string" as const, description: "406: codec of the stream." },
    id: { type: "string" as const, description: "500: the id of the log line." },
  },
};

/** Mount before or after the routes: the document is made when it is asked for. */
export function openApi(options: { version: string }): Elysia {
  const app = new Elysia({ name: "openapi" });
  app.use(
    swagger({
      path: PATH,
      documentation: {
        info: {
          title: "Dragon Fork",
          description: DESCRIPTION,
          version: options.version,
          license: { name: "Apache-2.0", url: "https://www.apache.org/licenses/LICENSE-2.0" },
        },
        servers: [{ url: "/", description: "This server" }],
        tags: TAGS,
        components: {
          securitySchemes: {
            bearer: {
              type: "http",
              scheme: "bearer",
              description:
                "CORE_API_TOKEN for the administration; CORE_WEBRTC_WHEP_TOKEN for players.",
            },
          },
          schemas: { Problem: PROBLEM_SCHEMA },
        },
      },
    }),
  );
  // The plug-in's own page loads its script from a CDN; the later route replaces it.
  app.use(docsRoutes(PATH));
  return app;
}
