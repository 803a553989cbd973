/** POST …/report of a session: what our own player saw. Not counted as a WHEP request, which it is none. */
import { Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { ParameterInvalid, UnsupportedMediaType } from "../../errors.ts";
import { hasMediaType, readBody } from "../../whep/body.ts";
import {
  type PlayerReport,
  type PlayerReports,
  REPORT_BYTES_MAX,
} from "../../whep/player-reports.ts";
import type { Session, Sessions, WhepPeer } from "../../whep/sessions.ts";
import { operation, STREAM_ID } from "../documentation.ts";
import { JSON_TYPE } from "../json.ts";

export interface PlayerReportRoutesOptions<P extends WhepPeer> {
  readonly reports: PlayerReports<P>;
  readonly sessions: Pick<Sessions<P>, "get">;
  /** Throws RateLimited. */
  readonly limitRate: (session: Session<P>) => void;
  readonly onReport: (streamId: string, report: PlayerReport) => void;
}

export function playerReportRoutes<P extends WhepPeer>(options: PlayerReportRoutesOptions<P>) {
  return new Elysia({ name: "player-reports" }).post(
    "/api/v3/whep/:id/:session/report",
    async ({ params, request, set }) => {
      // Who knows the session's address is its player.
      const session = options.sessions.get(params.id, params.session);
      options.limitRate(session);
      if (!hasMediaType(request, JSON_TYPE)) throw new UnsupportedMediaType(JSON_TYPE);
      const body = await readBody(
        request,
        REPORT_BYTES_MAX,
        () => new ParameterInvalid("The report", "a JSON object"),
      );
      options.onReport(session.streamId, options.reports.take(session, body));
      set.status = 204;
      return "";
    },
    { parse: "none", detail },
  );
}

const detail = operation({
  tag: "WHEP",
  summary: "Report what the player saw",
  description:
    'Only if CORE_WEBRTC_PLAYER_REPORTS is on; the answer that opens the session then has a Link with rel="player-report". Numbers are totals of the session.',
  parameters: [
    STREAM_ID,
    {
      name: "session",
      in: "path",
      description: "As in the Location of the session.",
      required: true,
      example: "9Yd4…",
    },
  ],
  body: {
    type: JSON_TYPE,
    schema: Type.Object({
      first_frame_seconds: Type.Optional(Type.Number({ minimum: 0 })),
      freezes: Type.Optional(Type.Number({ minimum: 0 })),
      freeze_seconds: Type.Optional(Type.Number({ minimum: 0 })),
    }),
    example: { first_frame_seconds: 0.41, freezes: 1, freeze_seconds: 0.7 },
  },
  answers: { 204: { description: "Counted." } },
  problems: [
    "parameter-invalid",
    "session-not-found",
    "ice-timeout",
    "body-too-large",
    "unsupported-media-type",
    "rate-limited",
  ],
});
