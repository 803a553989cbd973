/** Counters of /metrics around a deed. */
import type { TestServer } from "./start-server.ts";
import { until } from "./whep-player.ts";

/** A counter is written when the answer has left, which may be after the client has it. */
const COUNT_MS_MAX = 10_000;

/**
 * Does something and waits until the counter has grown by this much; throws where it has not. A counter that
 * grows by more fails too.
 */
export async function counted<Result>(
  server: TestServer,
  name: string,
  labels: Readonly<Record<string, string>>,
  deed: () => Promise<Result>,
  growth = 1,
): Promise<Result> {
  const before = await server.metric(name, labels);
  const result = await deed();
  let now = before;
  const grown = async () => {
    now = await server.metric(name, labels);
    return now - before >= growth;
  };
  await until(grown, COUNT_MS_MAX, `${name} ${JSON.stringify(labels)} to grow by ${growth}`);
  if (now - before !== growth) throw new Error(`${name} grew by ${now - before}, not ${growth}`);
  return result;
}

/** As `counted`, for WHEP requests by route, status and stream. */
export function requested<Result>(
  server: TestServer,
  labels: { readonly route: string; readonly code: number; readonly stream: string },
  deed: () => Promise<Result>,
): Promise<Result> {
  return counted(
    server,
    "dragonfork_webrtc_whep_requests_total",
    { route: labels.route, code: String(labels.code), stream_id: labels.stream },
    deed,
  );
}
