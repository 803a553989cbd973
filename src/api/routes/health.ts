/** What a supervisor asks: whether the process serves HTTP, and whether it can take viewers. */
import { Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { NotReady } from "../../errors.ts";
import { operation } from "../documentation.ts";
import { JSON_TYPE, sendJson } from "../json.ts";

/** `missing` says what keeps the server from serving viewers, one sentence each. */
export function healthRoutes(missing: () => readonly string[]) {
  return new Elysia({ name: "health" })
    .get(
      "/healthz",
      ({ set }) => {
        set.headers["content-type"] = "text/plain; charset=utf-8";
        return "ok";
      },
      { detail: aliveDetail },
    )
    .get(
      "/readyz",
      ({ set }) => {
        set.headers["cache-control"] = "no-store";
        const reasons = missing();
        if (reasons.length > 0) throw new NotReady(reasons);
        return sendJson(set, { status: "ready" });
      },
      { detail: readyDetail },
    );
}

/** Says nothing of streams: a dead source is no reason to restart us. */
const aliveDetail = operation({
  tag: "Server",
  summary: "Health",
  description: "For a supervisor: 200 while the server runs.",
  answers: { 200: { description: "ok", type: "text/plain", example: "ok" } },
});

const readyDetail = operation({
  tag: "Server",
  summary: "Readiness",
  description:
    "For a load balancer: 200 while the store is open and every media port is bound and served. The `details` of a 503 say what is missing.",
  answers: {
    200: {
      description: "Viewers can join.",
      type: JSON_TYPE,
      schema: Type.Object({ status: Type.Literal("ready") }),
      example: { status: "ready" },
    },
  },
  problems: ["not-ready"],
});
