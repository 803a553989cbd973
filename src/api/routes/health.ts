/** GET /healthz: the process serves HTTP. Says nothing of streams: a dead source is no reason to restart us. */
import { Elysia } from "elysia";
import { operation } from "../documentation.ts";

export function healthRoutes() {
  return new Elysia({ name: "health" }).get(
    "/healthz",
    ({ set }) => {
      set.headers["content-type"] = "text/plain; charset=utf-8";
      return "ok";
    },
    {
      detail: operation({
        tag: "Server",
        summary: "Health",
        description: "For a supervisor: 200 while the server serves.",
        answers: { 200: { description: "ok", type: "text/plain", example: "ok" } },
      }),
    },
  );
}
