/** /debug/pprof/: profiles as Go's servers offer them, only where PPROF is on. */
import { Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { ParameterInvalid } from "../../errors.ts";
import { operation } from "../documentation.ts";

/** What takes the profiles; loaded where they are wanted only. */
export interface Profiling {
  /** Gzipped pprof. */
  cpu(seconds: number): Promise<Uint8Array>;
  /** Gzipped pprof. */
  heap(): Uint8Array;
  /** Lines for people. */
  heapText(): string;
  /** JSON of V8's heap snapshots. */
  heapSnapshot(): string;
}

const SECONDS_DEFAULT = 30;
const SECONDS_MAX = 300;
/** For the answer itself, once the profile is there. */
const ANSWER_SECONDS = 30;
const OCTETS = "application/octet-stream";

export function profilingRoutes(profiling: Profiling) {
  return new Elysia({ name: "profiling" })
    .get(
      "/debug/pprof/",
      ({ set }) => {
        set.headers["content-type"] = "text/plain; charset=utf-8";
        return INDEX;
      },
      { detail: indexDetail },
    )
    .get(
      "/debug/pprof/profile",
      async ({ query, request, server, set }) => {
        const seconds = secondsOf(query["seconds"]);
        server?.timeout(request, seconds + ANSWER_SECONDS);
        const profile = await profiling.cpu(seconds);
        Object.assign(set.headers, file("cpu.pprof", OCTETS));
        return profile;
      },
      { detail: profileDetail },
    )
    .get(
      "/debug/pprof/heap",
      ({ query, set }) => {
        if (query["format"] === "heapsnapshot") {
          Object.assign(set.headers, file("dragonfork.heapsnapshot", "application/json"));
          return profiling.heapSnapshot();
        }
        if (query["format"] !== undefined) throw new ParameterInvalid("format", "heapsnapshot");
        if (query["debug"] === "1") {
          set.headers["content-type"] = "text/plain; charset=utf-8";
          return profiling.heapText();
        }
        Object.assign(set.headers, file("heap.pprof", OCTETS));
        return profiling.heap();
      },
      { detail: heapDetail },
    );
}

function secondsOf(text: string | undefined): number {
  if (text === undefined) return SECONDS_DEFAULT;
  const seconds = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (seconds >= 1 && seconds <= SECONDS_MAX) return seconds;
  throw new ParameterInvalid("seconds", `a whole number from 1 to ${SECONDS_MAX}`);
}

function file(name: string, type: string): Record<string, string> {
  return { "content-type": type, "content-disposition": `attachment; filename="${name}"` };
}

const INDEX = `Profiles of the main thread. Media workers are other threads and not included.

/debug/pprof/profile?seconds=${SECONDS_DEFAULT}     CPU time, sampled for that long; go tool pprof opens it
/debug/pprof/heap                   objects and bytes by class; go tool pprof opens it
/debug/pprof/heap?debug=1           the same as text
/debug/pprof/heap?format=heapsnapshot   heap snapshot for Chromium's developer tools

The thread stops while the heap is counted, for about a second per 100 MB: viewers may notice.
`;

const BYTES = Type.String({ format: "binary" });
const SERVER = { tag: "Server", access: "admin" } as const;
const OPTIONAL = "Only if PPROF=1.";

const indexDetail = operation({
  ...SERVER,
  summary: "List of profiles",
  description: OPTIONAL,
  answers: { 200: { description: "What there is.", type: "text/plain", example: INDEX } },
  problems: ["unauthorized", "forbidden"],
});

const profileDetail = operation({
  ...SERVER,
  summary: "CPU profile",
  description: `${OPTIONAL} Samples the main thread for the given time; one profile at a time.`,
  parameters: [
    {
      name: "seconds",
      in: "query",
      description: `1 to ${SECONDS_MAX}; ${SECONDS_DEFAULT} by default.`,
      example: "10",
    },
  ],
  answers: { 200: { description: "Gzipped pprof.", type: OCTETS, schema: BYTES } },
  problems: ["parameter-invalid", "profile-running", "unauthorized", "forbidden"],
});

const heapDetail = operation({
  ...SERVER,
  summary: "Heap profile",
  description: `${OPTIONAL} Objects and bytes by class; the main thread stops meanwhile.`,
  parameters: [
    { name: "debug", in: "query", description: "1: as text.", example: "1" },
    {
      name: "format",
      in: "query",
      description: "heapsnapshot: a snapshot for Chromium's developer tools instead.",
      example: "heapsnapshot",
    },
  ],
  answers: { 200: { description: "Gzipped pprof.", type: OCTETS, schema: BYTES } },
  problems: ["parameter-invalid", "unauthorized", "forbidden"],
});
