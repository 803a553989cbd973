/**
 * Sender reports of one subscriber (RFC 3550 §6.4.1). Source timestamps are time on the server's clock in the
 * units of the track, so the pair of NTP time and RTP timestamp is exact at any moment, for audio and video alike.
 */
import { writeSenderReport } from "../wire/rtcp/sender-report.ts";
import type { Subscriber } from "./subscriber.ts";

/** The report to send now, in the clear. `unixSeconds` is the clock that the sources' timelines use. */
export function senderReport(subscriber: Subscriber, unixSeconds: number, cname: string): Buffer {
  const sourceTimestamp = Math.round(unixSeconds * subscriber.track.clockRate);
  return writeSenderReport(
    {
      ssrc: subscriber.ssrc,
      unixSeconds,
      rtpTimestamp: (sourceTimestamp + subscriber.timestampShift) % 2 ** 32,
      packets: subscriber.packetsSent % 2 ** 32,
      octets: subscriber.octetsSent % 2 ** 32,
    },
    cname,
  );
}
