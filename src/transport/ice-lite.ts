/**
 * ICE-lite for one session (RFC 8445 §2.5, §7.3) as a state machine: authenticated messages and the time in,
 * datagrams to send out. Reads no clock and no socket. Sends nothing to an address that has not passed
 * MESSAGE-INTEGRITY, and names no address for media that has not answered our own check: a viewer cannot aim
 * the stream at somebody else.
 */
import {
  bindingRequest,
  bindingSuccess,
  hasIntegrity,
  type StunMessage,
} from "../wire/stun/message.ts";
import { type Endpoint, plainAddress } from "./media-socket.ts";

/** A player has few working paths; more addresses than this are an attack. */
const ADDRESSES_MAX = 4;
/** Least time between two moves of the media to another address. */
const SWITCH_INTERVAL_MS = 1000;
/** Two checks of consent left out (RFC 7675 §5.1): the player does not send from this address any more. */
const QUIET_MS = 10_000;
/** A check that was not answered is sent again with the player's next request, but not more often. */
const CHECK_INTERVAL_MS = 40;

export interface IceCredentials {
  readonly iceUfrag: string;
  readonly icePwd: string;
}

/** One address a session's player sends from. */
interface Path {
  readonly endpoint: Endpoint;
  checkId: string;
  checkSentMs: number;
  validated: boolean;
  heardMs: number;
}

/** What the agent needs from outside. */
export interface IceLiteOptions {
  readonly local: IceCredentials;
  readonly remote: IceCredentials;
  readonly randomBytes: (size: number) => Buffer;
  readonly send: (datagram: Buffer, to: Endpoint) => void;
  /** The address for media changed; called with the first one too. */
  readonly onSelected: (endpoint: Endpoint) => void;
}

export class IceLiteAgent {
  local: IceCredentials;
  private remote: IceCredentials;
  /** Valid until the player has used the new credentials, so that media goes on over a restart. */
  private previous: IceCredentials | undefined;
  private readonly paths = new Map<string, Path>();
  private selected: Path | undefined;
  /** The player's latest choice; it may still have to answer our check. */
  private nominated: Path | undefined;
  private lastSwitchMs = Number.NEGATIVE_INFINITY;
  private readonly options: IceLiteOptions;
  private readonly tieBreaker: Buffer;

  constructor(options: IceLiteOptions) {
    this.options = options;
    this.local = options.local;
    this.remote = options.remote;
    this.tieBreaker = options.randomBytes(8);
  }

  get selectedEndpoint(): Endpoint | undefined {
    return this.selected?.endpoint;
  }

  /** True where this address has passed MESSAGE-INTEGRITY and answered our check. */
  validated(from: Endpoint): boolean {
    return this.proved(endpointKey(from));
  }

  /** As validated(), by the key of the address. */
  proved(key: string): boolean {
    return this.paths.get(key)?.validated ?? false;
  }

  get pathKeys(): readonly string[] {
    return [...this.paths.keys()];
  }

  /** The transactions of our checks. */
  get checkIds(): readonly string[] {
    return [...this.paths.values()].flatMap(({ checkId }) => (checkId === "" ? [] : [checkId]));
  }

  /** Our ufrags that a player may still use. */
  get ufrags(): readonly string[] {
    const previous = this.previous?.iceUfrag;
    return previous === undefined ? [this.local.iceUfrag] : [this.local.iceUfrag, previous];
  }

  /** ICE restart (RFC 8445 §9): new credentials on both sides, the path in use stays until a new one is chosen. */
  restart(local: IceCredentials, remote: IceCredentials): void {
    this.previous = this.local;
    this.local = local;
    this.remote = remote;
    this.nominated = undefined;
  }

  /**
   * Takes a binding request addressed to this session. Returns true where it was authentic;
   * anything else leaves no trace and gets no reply (RFC 8445 §7.3, RFC 8489 §9.1.3). Our ufrag has to be right, whatever
   * stands for the player's: browsers that restart ICE put their new one beside our old one until they have our answer.
   */
  request(datagram: Buffer, message: StunMessage, from: Endpoint, nowMs: number): boolean {
    const local = this.credentialsFor(message.ufrag);
    if (local === undefined || message.remoteUfrag === "") return false;
    if (!hasIntegrity(datagram, message, local.icePwd)) return false;
    if (local === this.local) this.previous = undefined;
    const path = this.pathFor(from, nowMs);
    if (path === undefined) return true;
    const plain = plainAddress(from.address);
    if (message.useCandidate) this.nominated = path;
    this.options.send(bindingSuccess(message.transactionId, plain, from.port, local.icePwd), from);
    // Our check comes second: some players nominate on a check of ours, but only once theirs has succeeded.
    if (!path.validated) this.check(path, nowMs);
    this.select(path, nowMs);
    return true;
  }

  /** Takes a success response; returns true where it answers a check of ours from the address it was sent to. */
  response(datagram: Buffer, message: StunMessage, from: Endpoint, nowMs: number): boolean {
    const path = this.paths.get(endpointKey(from));
    if (path === undefined || path.checkId !== message.transactionId) return false;
    if (!hasIntegrity(datagram, message, this.remote.icePwd)) return false;
    path.validated = true;
    this.select(path, nowMs);
    return true;
  }

  private credentialsFor(ufrag: string): IceCredentials | undefined {
    if (ufrag === this.local.iceUfrag) return this.local;
    return ufrag === this.previous?.iceUfrag ? this.previous : undefined;
  }

  private pathFor(from: Endpoint, nowMs: number): Path | undefined {
    const key = endpointKey(from);
    const known = this.paths.get(key);
    if (known !== undefined) {
      known.heardMs = nowMs;
      return known;
    }
    if (this.paths.size >= ADDRESSES_MAX && !this.forgetOne()) return undefined;
    const path: Path = {
      endpoint: { address: from.address, port: from.port },
      checkId: "",
      checkSentMs: Number.NEGATIVE_INFINITY,
      validated: false,
      heardMs: nowMs,
    };
    this.paths.set(key, path);
    return path;
  }

  /** Makes room by dropping the path that was quiet longest, never the one in use or the one chosen to follow it. */
  private forgetOne(): boolean {
    let oldest: [string, Path] | undefined;
    for (const entry of this.paths) {
      if (entry[1] === this.selected || entry[1] === this.nominated) continue;
      if (oldest === undefined || entry[1].heardMs < oldest[1].heardMs) oldest = entry;
    }
    return oldest !== undefined && this.paths.delete(oldest[0]);
  }

  private check(path: Path, nowMs: number): void {
    if (nowMs - path.checkSentMs < CHECK_INTERVAL_MS) return;
    path.checkSentMs = nowMs;
    // Kept over repeats, so that an answer to any of them counts.
    if (path.checkId === "") path.checkId = this.options.randomBytes(12).toString("hex");
    const request = bindingRequest({
      transactionId: path.checkId,
      username: `${this.remote.iceUfrag}:${this.local.iceUfrag}`,
      password: this.remote.icePwd,
      tieBreaker: this.tieBreaker,
    });
    this.options.send(request, path.endpoint);
  }

  /**
   * The first validated path serves until another is nominated (RFC 8445 §8.1.1, §12.1.1), or until it is quiet: not
   * every player nominates again where a NAT has given it another address.
   */
  private select(path: Path, nowMs: number): void {
    const { selected } = this;
    if (!path.validated || path === selected) return;
    if (selected !== undefined) {
      const replaced = path === this.nominated || nowMs - selected.heardMs >= QUIET_MS;
      if (!replaced || nowMs - this.lastSwitchMs < SWITCH_INTERVAL_MS) return;
      this.lastSwitchMs = nowMs;
    }
    this.selected = path;
    this.options.onSelected(path.endpoint);
  }
}

/** Map key of an address and port. */
export function endpointKey(endpoint: Endpoint): string {
  return `${endpoint.address}|${endpoint.port}`;
}
