// Every way to fail, in words: what happened, what the viewer or the operator can do,
// and whether the page tries again by itself. Pure: facts in, text out.

const TRY_AGAIN = "This page tries again by itself.";

/** The longest pause between two attempts. */
const PAUSE_MS_MAX = 30_000;
/** A stream that does not exist may still be created: look now and then. */
const RARELY_MS = 30_000;

/** kind → (facts) → { title, advice, retry: "soon" | "rarely" | "never" | "token" } */
const WORDS = {
  "stream-not-found": ({ streamId }) => ({
    title: `There is no stream called “${streamId}”`,
    advice: "Check the address, or choose a stream from the list.",
    retry: "rarely",
  }),
  "stream-not-live": () => ({
    title: "The stream is not live",
    advice: `Its source sends nothing at the moment. ${TRY_AGAIN}`,
    retry: "soon",
  }),
  "source-timeout": () => ({
    title: "The source is still starting",
    advice: `It has sent no media yet. ${TRY_AGAIN}`,
    retry: "soon",
  }),
  "codec-mismatch": ({ problem }) => codecWords(problem),
  "peer-limit-reached": ({ problem }) => ({
    title:
      problem.scope === "stream"
        ? "This stream has reached its limit of viewers"
        : "The server has reached its limit of viewers",
    advice: `There is room as soon as somebody leaves. ${TRY_AGAIN}`,
    retry: "soon",
  }),
  "server-draining": () => ({
    title: "The server is shutting down or restarting",
    advice: `It takes no new viewers now. ${TRY_AGAIN}`,
    retry: "soon",
  }),
  unavailable: () => ({
    title: "The server cannot take another viewer now",
    advice: TRY_AGAIN,
    retry: "soon",
  }),
  "rate-limited": () => ({
    title: "Too many attempts from this network address",
    advice: `The server asks for a pause. ${TRY_AGAIN}`,
    retry: "soon",
  }),
  unauthorized: ({ hasToken, problem }) => ({
    title: hasToken ? "The server did not accept this token" : "This stream needs an access token",
    advice: [
      hasToken ? problem.detail : undefined,
      "Enter the token you were given by the operator of this server.",
    ]
      .filter(Boolean)
      .join(" "),
    retry: "token",
  }),
  "token-in-use": () => ({
    title: "Your token is already in use by as many viewers as it allows",
    advice: `There is room as soon as one of them leaves. ${TRY_AGAIN}`,
    retry: "soon",
  }),
  "bitrate-not-allowed": () => ({
    title: "The stream has a higher quality than your token allows",
    advice: `Ask the operator for another token. ${TRY_AGAIN}`,
    retry: "rarely",
  }),
  "keys-unavailable": () => ({
    title: "The server cannot check your token now",
    advice: `The service that issues the tokens does not answer. ${TRY_AGAIN}`,
    retry: "soon",
  }),
  forbidden: ({ problem }) => ({
    title: "The server refuses this request",
    advice: problem.detail ?? "Ask the operator whether this address may be used to watch.",
    retry: "never",
  }),
  "server-unreachable": () => ({
    title: "The server does not answer",
    advice: `It may be restarting, or this device is offline. ${TRY_AGAIN}`,
    retry: "soon",
  }),
  "no-answer": () => ({
    title: "The server did not answer in time",
    advice: TRY_AGAIN,
    retry: "soon",
  }),
  "proxy-error": () => ({
    title: "A proxy answered instead of the media server",
    advice: `The server behind it does not respond. ${TRY_AGAIN}`,
    retry: "soon",
  }),
  "no-network-path": (facts) => networkWords(facts),
  "dtls-failed": () => ({
    title: "The encrypted connection could not be set up",
    advice: `Packets reach the server, but the DTLS handshake failed. ${TRY_AGAIN}`,
    retry: "soon",
  }),
  "connection-lost": () => ({
    title: "The connection to the server was lost",
    advice: `The network changed or is interrupted. ${TRY_AGAIN}`,
    retry: "soon",
  }),
  "session-ended": () => ({
    title: "The server ended the session",
    advice: `It is restarting, or the stream was removed. ${TRY_AGAIN}`,
    retry: "soon",
  }),
  "no-media": () => ({
    title: "Nothing has arrived for a while",
    advice: "The page asks the server for a new session.",
    retry: "soon",
  }),
  "server-error": ({ problem }) => ({
    title: "The server had an internal error",
    advice: problem.id
      ? `Tell the operator this id: ${problem.id}. ${TRY_AGAIN}`
      : `The reason is in its log. ${TRY_AGAIN}`,
    retry: "soon",
  }),
  "answer-unusable": ({ problem }) => ({
    title: "This browser could not use the server's answer",
    advice: problem.detail ?? "Try another browser and tell the operator.",
    retry: "never",
  }),
  "no-webrtc": () => ({
    title: "This browser has no WebRTC",
    advice: "WebRTC is switched off or not supported here. Try another browser.",
    retry: "never",
  }),
  "offer-invalid": ({ problem }) => ({
    title: "The server could not use this browser's request",
    advice: problem.detail ?? "A proxy may have changed it. Try another browser.",
    retry: "never",
  }),
};

const PLAYS = {
  H264: "Chrome, Edge and Safari play H.264; Firefox does with its OpenH264 plug-in, which it downloads in the minutes after its first start.",
  H265: "Safari and recent Chrome play H.265 on hardware that supports it.",
};

function codecWords({ media = "media", produced, offered, detail }) {
  const offers =
    Array.isArray(offered) && offered.length > 0 ? offered.join(", ") : `no ${media} codec`;
  const facts =
    produced === undefined
      ? (detail ?? "The stream's codec is not among those of this browser.")
      : `The stream is ${produced}; this browser offers ${offers}.`;
  const name = String(produced ?? "").toUpperCase();
  const codec = Object.keys(PLAYS).find((known) => name.startsWith(known));
  const hint = codec === undefined ? "Try another browser." : PLAYS[codec];
  return {
    title: `This browser cannot play the stream's ${media} codec`,
    advice: `${facts} ${hint}`,
    retry: "never",
  };
}

const LOOPBACK = /^(127\.|\[::1\])/;

function networkWords({ addresses, pageHost }) {
  const list = addresses.length > 0 ? `UDP ${addresses.join(" or ")}` : "its UDP media port";
  const pageIsLocal = /^(localhost|127\.|\[::1\])/.test(pageHost);
  const onlyLoopback = addresses.length > 0 && addresses.every((entry) => LOOPBACK.test(entry));
  const advice =
    onlyLoopback && !pageIsLocal
      ? `The server announces only ${addresses.join(", ")}, which exists on the server's own machine. Operator: set CORE_WEBRTC_PUBLIC_IPS to its address.`
      : `This page reached the server, but ${list} gave no answer. Operator: open or forward this UDP port in the firewall, container or router, and check CORE_WEBRTC_PUBLIC_IPS.`;
  return {
    title: "No network path for picture and sound",
    advice: `${advice} ${TRY_AGAIN}`,
    retry: "soon",
  };
}

const KIND_BY_STATUS = {
  401: "unauthorized",
  403: "forbidden",
  404: "stream-not-found",
  406: "codec-mismatch",
  409: "stream-not-live",
  429: "rate-limited",
  502: "proxy-error",
  503: "unavailable",
  504: "source-timeout",
};

/** The kind of an error answer: the problem's type where we have words for it, else by status. */
export function failureKind(status, problem) {
  const type = typeof problem.type === "string" ? problem.type : "";
  const named = /\/problems\/([a-z-]+)$/.exec(type)?.[1] ?? "";
  if (Object.hasOwn(WORDS, named)) return named;
  return KIND_BY_STATUS[status] ?? (status >= 500 ? "server-error" : "offer-invalid");
}

/** The words for one failure. `context` is { streamId, hasToken, pageHost }. */
export function describeFailure(failure, context) {
  const facts = { ...context, problem: failure.problem ?? {}, addresses: failure.addresses ?? [] };
  return (WORDS[failure.kind] ?? WORDS["server-error"])(facts);
}

/**
 * Milliseconds until the next attempt. The server's Retry-After is a lower bound; a random part
 * spreads the viewers of a restarted server. `random` is in [0, 1).
 */
export function pauseMs({ retry, attempt, retryAfterSeconds, random }) {
  if (retryAfterSeconds !== undefined) return retryAfterSeconds * 1000 * (1 + 0.25 * random);
  if (retry === "rarely") return RARELY_MS * (1 + 0.25 * random);
  return Math.min(PAUSE_MS_MAX, 1000 * 2 ** Math.min(attempt, 10)) * (0.75 + 0.5 * random);
}
