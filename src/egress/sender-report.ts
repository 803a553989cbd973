/**
 * Sender reports of a viewer's tracks (RFC 3550 §6.4.1). Source timestamps are time on the server's clock in the
 * units of the track, so the pair of NTP time and RTP timestamp is exact at any moment, for audio and video alike.
 */
import { writeSenderReports } from "../wire/rtcp/sender-report.ts";
import type { Subscriber } from "./subscriber.ts";

/** The compound to send now, in the clear. `unixSeconds` is the clock that the sources' timelines use. */
export function senderReports(
  subscribers: readonly Subscriber[],
  unixSeconds: number,
  cname: string,
): Buffer {
  const reports = subscribers.map((subscriber) => {
    const sourceTimestamp = Math.round(unixSeconds * subscriber.track.clockRate);
    return {
      ssrc: subscriber.ssrc,
      unixSeconds,
      rtpTimestamp: (sourceTimestamp + subscriber.timestampShift) % 2 ** 32,
      packets: subscriber.packetsSent % 2 ** 32,
      octets: subscriber.octetsSent % 2 ** 32,
    };
  });
  return writeSenderReports(reports, cname);
}
