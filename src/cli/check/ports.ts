/** Whether the ports of the server can be bound now. */

import { createServer } from "node:net";
import { type HttpAddress, parseAddress, parsePortRange } from "../../config/formats.ts";
import { mediaPorts } from "../../config/media-ports.ts";
import type { Config } from "../../config/schema.ts";
import { bindHost } from "../../server/listen-address.ts";
import { PORTS_PER_LEG } from "../../source/leg-ports.ts";
import { MediaSocket } from "../../transport/media-socket.ts";
import type { CheckResult } from "./result.ts";

const LEGS_PER_STREAM = 2;

/** `streams`: how many of the configured processes send to viewers. */
export async function checkPorts(config: Config, streams: number): Promise<CheckResult[]> {
  return [
    await checkHttp(config.address),
    ...(await Promise.all(mediaPorts(config).map(checkMedia))),
    await checkLegs(config.webrtc.leg_ports, streams),
  ];
}

/** `held`: a port that is free by the time the address is needed, so that only its host is tried. */
export async function checkHttp(address: string, held?: number): Promise<CheckResult> {
  const name = "HTTP address";
  const parsed = parseAddress(address);
  const problem = parsed === undefined ? "no address" : await listenProblem(parsed, held);
  if (problem === undefined) return { name, passed: true, detail: `${address} can be bound` };
  return { name, passed: false, detail: `${address}: ${problem}. Choose another CORE_ADDRESS.` };
}

/** Undefined where listening worked. */
function listenProblem({ hostname, port }: HttpAddress, held?: number) {
  return new Promise<string | undefined>((done) => {
    const server = createServer();
    server.once("error", (error) => done(error.message));
    server.listen({ host: bindHost(hostname), port: port === held ? 0 : port }, () => {
      server.close(() => done(undefined));
    });
  });
}

export async function checkMedia(port: number): Promise<CheckResult> {
  const name = "media port";
  try {
    const socket = await MediaSocket.open(port, () => undefined);
    socket.close();
    return { name, passed: true, detail: `UDP ${port} can be bound` };
  } catch (error) {
    return { name, passed: false, detail: error instanceof Error ? error.message : String(error) };
  }
}

async function checkLegs(text: string, streams: number): Promise<CheckResult> {
  const name = "FFmpeg leg ports";
  const range = parsePortRange(text) ?? { first: 1, last: 0 };
  const legsWanted = Math.max(1, streams) * LEGS_PER_STREAM;
  let legs = 0;
  for (let first = range.first; first + PORTS_PER_LEG - 1 <= range.last; first += PORTS_PER_LEG) {
    if (await canBindLeg(first)) legs += 1;
  }
  const detail = `${legs} legs are free in ${text}, ${legsWanted} are needed`;
  if (legs >= legsWanted) return { name, passed: true, detail };
  return { name, passed: false, detail: `${detail}. Choose another CORE_WEBRTC_LEG_PORTS.` };
}

async function canBindLeg(first: number): Promise<boolean> {
  for (let port = first; port < first + PORTS_PER_LEG; port += 1) {
    try {
      const socket = await Bun.udpSocket({ hostname: "127.0.0.1", port });
      socket.close();
    } catch {
      return false;
    }
  }
  return true;
}
