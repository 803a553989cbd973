/**
 * The bounded pool of loopback UDP ports for FFmpeg legs. A leg takes three ports in a row: the one we
 * receive on, and the two FFmpeg sends RTP and RTCP from, which are fixed so that nobody else can feed a leg.
 */
import { NoLegPort } from "../errors/process.ts";

export const PORTS_PER_LEG = 3;

/** The ports of one leg. */
export interface LegPorts {
  readonly receive: number;
  readonly rtpSource: number;
  readonly rtcpSource: number;
}

export class LegPortPool {
  private readonly first: number;
  private readonly blocks: number;
  private readonly taken = new Set<number>();
  private cursor = 0;

  /** The range is inclusive at both ends. */
  constructor(firstPort: number, lastPort: number) {
    this.first = firstPort;
    this.blocks = Math.floor((lastPort - firstPort + 1) / PORTS_PER_LEG);
  }

  get inUse(): number {
    return this.taken.size * PORTS_PER_LEG;
  }

  get available(): number {
    return (this.blocks - this.taken.size) * PORTS_PER_LEG;
  }

  /**
   * Takes the next free block for which `usable` is true (the caller tries to bind it), going round the
   * range so that the ports of a leg that just ended rest a while. Throws NoLegPort when none is left.
   */
  async take(usable: (ports: LegPorts) => Promise<boolean>): Promise<LegPorts> {
    for (let tried = 0; tried < this.blocks; tried++) {
      const block = this.cursor++ % this.blocks;
      if (this.taken.has(block)) continue;
      this.taken.add(block);
      const ports = this.portsOf(block);
      if (await usable(ports)) return ports;
      this.taken.delete(block);
    }
    throw new NoLegPort(`${this.first}-${this.first + this.blocks * PORTS_PER_LEG - 1}`);
  }

  release(ports: LegPorts): void {
    this.taken.delete((ports.receive - this.first) / PORTS_PER_LEG);
  }

  private portsOf(block: number): LegPorts {
    const receive = this.first + block * PORTS_PER_LEG;
    return { receive, rtpSource: receive + 1, rtcpSource: receive + 2 };
  }
}
