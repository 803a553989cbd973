/** What the API documentation says of the WHEP routes; the routes themselves know nothing of it. */
import { Type } from "@sinclair/typebox";
import type { DocumentDecoration } from "elysia";
import { ENDPOINT_METHODS, FRAGMENT, SDP, SESSION_METHODS } from "../whep/headers.ts";
import type { WhepOperation } from "../whep/routes.ts";
import { operation, type Parameter, STREAM_ID } from "./documentation.ts";

const SESSION: Parameter = {
  name: "session",
  in: "path",
  description: "The secret of the session, from the Location header of its 201.",
  required: true,
};
const IF_MATCH: Parameter = {
  name: "If-Match",
  in: "header",
  description: "The session's ETag; `*` for an ICE restart.",
  required: true,
  example: '"c2Vzc2lvbjE"',
};
const OFFER = `v=0\r
o=- 4611731400430051336 2 IN IP4 127.0.0.1\r
s=-\r
t=0 0\r
a=group:BUNDLE 0\r
m=video 9 UDP/TLS/RTP/SAVPF 102\r
c=IN IP4 0.0.0.0\r
a=mid:0\r
a=recvonly\r
a=rtcp-mux\r
a=setup:actpass\r
a=ice-ufrag:EsAw\r
a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r
a=fingerprint:sha-256 ${"AB:".repeat(31)}AB\r
a=rtpmap:102 H264/90000\r
a=fmtp:102 packetization-mode=1;profile-level-id=42e01f\r
`;
const RESTART = `a=ice-ufrag:Kv1x\r
a=ice-pwd:Jx9dYxCJQvXqk0kBy9GpHcQd\r
m=video 9 UDP/TLS/RTP/SAVPF 0\r
a=mid:0\r
a=candidate:1 1 udp 2130706431 203.0.113.9 50123 typ host\r
`;
/** What any request of a viewer may meet. */
const WATCHING = ["unauthorized", "keys-unavailable", "stream-not-found", "rate-limited"] as const;
const text = Type.String();
const noContent = { description: "It exists. No content." };

export const WHEP_DETAILS: Readonly<Record<WhepOperation, DocumentDecoration>> = {
  post: operation({
    tag: "WHEP",
    access: "stream",
    summary: "Watch a stream",
    description:
      "Takes the player's SDP offer and answers it. Waits a few seconds for a source that is starting. The server is an ICE-lite agent: all its candidates are in the answer.",
    parameters: [STREAM_ID],
    body: { type: SDP, schema: text, example: OFFER },
    answers: {
      201: {
        description: "The session exists; the body is the SDP answer.",
        type: SDP,
        schema: text,
        example: OFFER.replace("recvonly", "sendonly").replace("actpass", "passive"),
        headers: {
          Location: "The session: PATCH and DELETE go there. Its last part is a secret.",
          ETag: "Strong entity tag of the ICE session.",
          Link: 'rel="ice-server" for each configured STUN or TURN server.',
          "Accept-Patch": FRAGMENT,
        },
      },
    },
    problems: [
      ...WATCHING,
      "offer-invalid",
      "bitrate-not-allowed",
      "codec-mismatch",
      "stream-not-live",
      "body-too-large",
      "unsupported-media-type",
      "peer-limit-reached",
      "token-in-use",
      "server-draining",
      "not-ready",
      "source-timeout",
    ],
  }),
  getEndpoint: operation({
    tag: "WHEP",
    access: "stream",
    summary: "See whether a stream exists",
    description: "Also for a stream that is not live.",
    parameters: [STREAM_ID],
    answers: { 204: noContent },
    problems: WATCHING,
  }),
  headEndpoint: operation({
    tag: "WHEP",
    access: "stream",
    summary: "See what a stream's endpoint accepts",
    description: "WHEP's way for a player to find out that a URL is a WHEP endpoint.",
    parameters: [STREAM_ID],
    answers: { 200: { description: `Content-Type: ${SDP}, no body.`, type: SDP } },
    problems: WATCHING,
  }),
  optionsEndpoint: operation({
    tag: "WHEP",
    summary: "CORS preflight and methods of the endpoint",
    description: "Needs no token and answers for any id.",
    parameters: [STREAM_ID],
    answers: {
      200: {
        description: "No body.",
        headers: {
          Allow: ENDPOINT_METHODS.join(", "),
          "Accept-Post": SDP,
          "Access-Control-Allow-Headers": "Authorization, Content-Type, If-Match",
        },
      },
    },
  }),
  patch: operation({
    tag: "WHEP",
    access: "stream",
    summary: "Trickle ICE candidates or restart ICE",
    description:
      "New credentials in the fragment restart ICE; media goes on until the new path is up. Candidates alone change nothing: media is only sent to addresses that have passed a connectivity check.",
    parameters: [STREAM_ID, SESSION, IF_MATCH],
    body: { type: FRAGMENT, schema: text, example: RESTART },
    answers: {
      200: {
        description: "ICE was restarted; the body has the server's new credentials and candidates.",
        type: FRAGMENT,
        schema: text,
        example: RESTART,
        headers: { ETag: "Entity tag of the new ICE session." },
      },
      204: { description: "Candidates accepted." },
    },
    problems: [
      ...WATCHING,
      "fragment-invalid",
      "session-not-found",
      "precondition-failed",
      "body-too-large",
      "unsupported-media-type",
      "patch-unsupported",
      "precondition-required",
      "ice-timeout",
    ],
  }),
  delete: operation({
    tag: "WHEP",
    access: "stream",
    summary: "Stop watching",
    description:
      "Ends the session at once. Idempotent: 204 also for a session that has ended or never existed, so that guessing URLs reveals nothing.",
    parameters: [STREAM_ID, SESSION],
    answers: { 204: { description: "The session does not exist (any more)." } },
    problems: WATCHING,
  }),
  getSession: operation({
    tag: "WHEP",
    access: "stream",
    summary: "See whether a session lives",
    description:
      "For a minute 504 if the session found no network path in time; 404 if it ended otherwise.",
    parameters: [STREAM_ID, SESSION],
    answers: { 204: noContent },
    problems: [...WATCHING, "session-not-found", "ice-timeout"],
  }),
  headSession: operation({
    tag: "WHEP",
    access: "stream",
    summary: "See whether a session lives",
    description: "As GET.",
    parameters: [STREAM_ID, SESSION],
    answers: { 204: noContent },
    problems: [...WATCHING, "session-not-found", "ice-timeout"],
  }),
  optionsSession: operation({
    tag: "WHEP",
    summary: "CORS preflight and methods of the session",
    description: "Needs no token and answers for any session.",
    parameters: [STREAM_ID, SESSION],
    answers: {
      200: {
        description: "No body.",
        headers: {
          Allow: SESSION_METHODS.join(", "),
          "Accept-Patch": FRAGMENT,
          "Access-Control-Allow-Headers": "Authorization, Content-Type, If-Match",
        },
      },
    },
  }),
};
