/**
 * The OpenAPI document at /swagger/json, made from the routes, and its page at /swagger.
 * Everything the page loads comes from this binary.
 */

import { swagger } from "@elysiajs/swagger";
import { Elysia } from "elysia";
import type { Tree } from "../config/tree.ts";
import { docsRoutes } from "../web/docs-assets.ts";
import { nameSchemas } from "./named-schemas.ts";

const PATH = "/swagger";
const DOCUMENT_PATH = `${PATH}/json`;

const DESCRIPTION = `Dragon Fork turns FFmpeg sources into WebRTC streams that are watched over WHEP.

- **WHEP**: a player POSTs an SDP offer to \`/api/v3/whep/{id}\` and gets the answer; the session
  lives at the URL in \`Location\` until it is DELETEd.
- **WebRTC**: the streams, and who watches them.
- **Events**: the journal of what happened to viewers, sources and processes.
- **Process**: the FFmpeg processes behind the streams, as in datarhei Core.
- **Storage**: the files that FFmpeg writes and clients read.
- **Server**: its configuration, health, log and metrics.

Errors are RFC 9457 problem details (\`application/problem+json\`) with the extra members \`code\`,
\`message\` and \`details\`. Ids may hold any characters; encode them as one path segment.`;

const TAGS = [
  { name: "WHEP", description: "Watch a stream: offer, answer, trickle, restart, end." },
  { name: "WebRTC", description: "Streams and their viewers." },
  { name: "Process", description: "FFmpeg processes: read, add, change, command, delete." },
  { name: "Events", description: "What has happened: search, count, follow." },
  { name: "Storage", description: "The files that FFmpeg writes and clients read." },
  { name: "Server", description: "Configuration, health, log and metrics of the server." },
];

export interface OpenApiOptions {
  readonly version: string;
  /** Operations by path and method, for routes with a wildcard: the generator leaves those out. */
  readonly paths?: Readonly<Record<string, object>>;
}

/** Mount before or after the routes: the document is made when it is asked for. */
export function openApi(options: OpenApiOptions): Elysia {
  const app = new Elysia({ name: "openapi" });
  app.onAfterHandle(({ path, response }) =>
    path === DOCUMENT_PATH ? nameSchemas(response as Tree) : undefined,
  );
  app.use(
    swagger({
      path: PATH,
      // OPTIONS and HEAD are part of WHEP, so they are described too.
      excludeMethods: [],
      documentation: {
        // TypeBox writes the JSON Schema that 3.1 takes; the plug-in would say 3.0.3.
        ...{ openapi: "3.1.0" },
        info: {
          title: "Dragon Fork",
          description: DESCRIPTION,
          version: options.version,
          license: { name: "Apache-2.0", url: "https://www.apache.org/licenses/LICENSE-2.0" },
        },
        paths: JSON.parse(JSON.stringify(options.paths ?? {})),
        servers: [{ url: "/", description: "This server" }],
        tags: TAGS,
        components: {
          securitySchemes: {
            bearer: {
              type: "http",
              scheme: "bearer",
              description:
                "For administrators CORE_API_TOKEN, or the access token of a login. For players CORE_WEBRTC_WHEP_TOKEN, or a viewer token.",
            },
          },
        },
      },
    }),
  );
  // The plug-in's own page loads its script from a CDN; the later route replaces it.
  app.use(docsRoutes(PATH));
  return app;
}
