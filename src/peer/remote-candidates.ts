/** The candidates a player has named. Nothing is ever sent to them; they only give the selected address its type. */
import { type Endpoint, plainAddress } from "../transport/media-socket.ts";
import type { RemoteCandidate } from "../wire/sdp/candidate.ts";

const CANDIDATES_MAX = 32;

export class RemoteCandidates {
  private list: readonly RemoteCandidate[];

  constructor(offered: readonly RemoteCandidate[]) {
    this.list = offered.slice(0, CANDIDATES_MAX);
  }

  /** Of too many the oldest go. */
  add(candidates: readonly RemoteCandidate[]): void {
    this.list = [...this.list, ...candidates].slice(-CANDIDATES_MAX);
  }

  /** "prflx" for an address that no candidate has (RFC 8445 §7.3.1.3). */
  typeOf({ address, port }: Endpoint): RemoteCandidate["type"] {
    const plain = plainAddress(address);
    const known = this.list.find(
      (candidate) => candidate.address === plain && candidate.port === port,
    );
    return known?.type ?? "prflx";
  }
}
