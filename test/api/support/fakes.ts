/** Stand-ins for the rooms behind the API: streams, peers and processes that do what a test tells them. */
import type { AppPeers, AppStream } from "../../../src/api/app.ts";
import type { Change, ProcessApi, ProcessEntry } from "../../../src/api/process-api.ts";
import type { TokenPolicy } from "../../../src/auth/viewer-token.ts";
import { CommandFailed, ProcessInvalid, ProcessNotFound } from "../../../src/errors/process.ts";
import { PeerLimitReached, ServerDraining } from "../../../src/errors/viewer.ts";
import type { DomainError } from "../../../src/errors.ts";
import { negotiate } from "../../../src/peer/negotiate.ts";
import type { PeerState, PeerView } from "../../../src/peer/peer.ts";
import type { CloseReason } from "../../../src/peer-events.ts";
import type { ProbeAnswer } from "../../../src/process/probe.ts";
import { parseRecord } from "../../../src/process/record.ts";
import type { ProducedTrack } from "../../../src/wire/sdp/answer.ts";
import { type LocalIce, type Negotiation, writeAnswer } from "../../../src/wire/sdp/answer.ts";
import type { RemoteCandidate } from "../../../src/wire/sdp/candidate.ts";
import type { Offer } from "../../../src/wire/sdp/offer.ts";

const H264: ProducedTrack = { kind: "video", codec: "H264", profileLevelId: "42e01f", channels: 0 };
const OPUS: ProducedTrack = {
  kind: "audio",
  codec: "OPUS",
  profileLevelId: undefined,
  channels: 2,
};

export class FakeStream implements AppStream {
  readonly id: string;
  state: AppStream["state"] = "live";
  produced: readonly ProducedTrack[] = [H264, OPUS];
  liveSinceMs: number | undefined = 1_700_000_000_000;
  peersMax: number | undefined;
  tokenPolicy: TokenPolicy = "server";
  sessionSecondsMax: number | undefined;
  bitrate: number | undefined;
  /** The state at the end of whenLive(), where it has to wait. */
  becomes: AppStream["state"] = "live";
  waitedMs: number[] = [];

  constructor(id: string) {
    this.id = id;
  }

  async whenLive(timeoutMs: number): Promise<boolean> {
    if (this.state !== "starting") return this.state === "live";
    this.waitedMs.push(timeoutMs);
    this.state = this.becomes;
    return this.state === "live";
  }
}

export class FakeStreams {
  readonly streams = new Map<string, FakeStream>();
  /** Every id that was asked for. */
  readonly lookups: string[] = [];

  add(id: string): FakeStream {
    const stream = new FakeStream(id);
    this.streams.set(id, stream);
    return stream;
  }

  get(id: string): FakeStream | undefined {
    this.lookups.push(id);
    return this.streams.get(id);
  }

  list(): readonly FakeStream[] {
    return [...this.streams.values()];
  }
}

let peersMade = 0;

/** Speaks the real SDP: negotiation and answer are those of the program. */
export class FakePeer {
  readonly id = `peer-${++peersMade}`;
  readonly streamId: string;
  readonly negotiation: Negotiation;
  readonly answer: string;
  local: LocalIce;
  state: PeerState = "new";
  closeReason: CloseReason | undefined;
  readonly candidates: RemoteCandidate[] = [];
  private readonly listeners: ((reason: CloseReason) => void)[] = [];

  constructor(stream: FakeStream, offer: Offer) {
    this.streamId = stream.id;
    this.negotiation = negotiate(offer, stream.produced);
    this.local = fakeIce(1);
    const transport = {
      ...this.local,
      fingerprint: `${"AB:".repeat(31)}AB`,
      cname: "cname",
      mediaStreamId: "media",
      sdpSessionId: "4711",
    };
    const ssrcs = new Map([
      ["video", { ssrc: 1, rtxSsrc: 2 }] as const,
      ["audio", { ssrc: 3, rtxSsrc: undefined }] as const,
    ]);
    this.answer = writeAnswer(this.negotiation, transport, ssrcs);
  }

  get iceTransportMids() {
    return this.negotiation.tracks.map(({ mid, kind }) => ({ mid, kind }));
  }

  addRemoteCandidates(candidates: readonly RemoteCandidate[]): void {
    this.candidates.push(...candidates);
  }

  close(reason: CloseReason): void {
    if (this.state === "closed") return;
    this.state = "closed";
    this.closeReason = reason;
    for (const listener of this.listeners) listener(reason);
  }

  onClosed(listener: (reason: CloseReason) => void): void {
    this.listeners.push(listener);
  }

  view(): PeerView {
    return {
      id: this.id,
      state: this.state,
      sinceMs: 1_700_000_000_000,
      remoteCandidateType: "host",
      videoCodec: "H264",
      audioCodec: null,
      packetsSent: 10,
      bytesSent: 12_000,
      packetsResent: 1,
      rttMs: 12.5,
      lossPercent: null,
      jitterMs: 1,
    };
  }
}

function fakeIce(generation: number): LocalIce {
  return {
    iceUfrag: `ufrag${generation}`,
    icePwd: `password-of-generation-${generation}`,
    candidates: [{ address: "192.0.2.1", port: 8189 }],
  };
}

export class FakePeers implements AppPeers<FakeStream, FakePeer> {
  readonly peers = new Map<string, FakePeer>();
  /** Thrown by the next admit(). */
  refusal: DomainError | undefined;
  /** Thrown by the next restartIce(). */
  restartFailure: Error | undefined;
  draining = false;
  admitted = 0;
  private generation = 1;

  admit(): void {
    this.admitted += 1;
    if (this.draining) throw new ServerDraining();
    if (this.refusal !== undefined) throw this.refusal;
  }

  async open(stream: FakeStream, offer: Offer): Promise<FakePeer> {
    const peer = new FakePeer(stream, offer);
    this.peers.set(peer.id, peer);
    peer.onClosed(() => this.peers.delete(peer.id));
    return peer;
  }

  async restartIce(peer: FakePeer): Promise<LocalIce> {
    if (this.restartFailure !== undefined) throw this.restartFailure;
    this.generation += 1;
    peer.local = fakeIce(this.generation);
    return peer.local;
  }

  list(streamId: string): readonly FakePeer[] {
    return [...this.peers.values()].filter((peer) => peer.streamId === streamId);
  }

  get(peerId: string): FakePeer | undefined {
    return this.peers.get(peerId);
  }

  count(streamId?: string): number {
    return streamId === undefined ? this.peers.size : this.list(streamId).length;
  }

  limit(scope: "global" | "stream"): void {
    this.refusal = new PeerLimitReached(scope, 2, 30);
  }
}

const PROGRESS = {
  inputs: [],
  outputs: [],
  frame: 0,
  packet: 0,
  fps: 0,
  q: 0,
  size_kb: 0,
  time: 0,
  bitrate_kbit: 0,
  speed: 0,
  drop: 0,
  dup: 0,
};

/** Keeps records and does nothing with them. */
export class FakeProcesses implements ProcessApi {
  readonly entries = new Map<string, ProcessEntry>();
  readonly commands: string[] = [];
  failure: Error | undefined;
  /** Of every change. */
  effect: Change["effect"] = {
    ...{ changed: ["input"], process: "restart", viewers: "freeze", viewersAffected: 3 },
    explanation: "In words.",
  };
  private readonly values = new Map<string, unknown>();

  list(): readonly ProcessEntry[] {
    return [...this.entries.values()];
  }

  has(id: string): boolean {
    return this.entries.has(id);
  }

  get(id: string): ProcessEntry {
    const entry = this.entries.get(id);
    if (entry === undefined) throw new ProcessNotFound();
    return entry;
  }

  add(input: unknown): ProcessEntry {
    const { entry } = this.previewAdd(input);
    this.entries.set(entry.id, entry);
    return entry;
  }

  previewAdd(input: unknown): Change {
    if (this.failure !== undefined) throw this.failure;
    const config = parseRecord(input, undefined, () => "generated");
    if (this.entries.has(config.id)) {
      throw new ProcessInvalid("Invalid process config", ["process already exists"]);
    }
    const { id, type, reference } = config;
    const times = { created_at: 1_795_208_703, updated_at: 1_795_208_703 };
    const entry: ProcessEntry = {
      ...{ id, type, reference, config, ...times },
      source: "store",
      metadata: null,
    };
    return { entry, effect: this.effect };
  }

  async update(id: string, input: unknown): Promise<Change> {
    const change = this.previewUpdate(id, input);
    this.entries.delete(id);
    this.entries.set(change.entry.id, change.entry);
    return change;
  }

  previewUpdate(id: string, input: unknown): Change {
    const entry = this.get(id);
    const config = parseRecord(input, entry.config);
    const changed = { ...entry, id: config.id, reference: config.reference, config };
    return { entry: changed, effect: this.effect };
  }

  async delete(id: string): Promise<void> {
    this.get(id);
    this.entries.delete(id);
  }

  async command(id: string, command: string): Promise<void> {
    if (!this.has(id)) throw new CommandFailed("Command failed", ["unknown process"]);
    this.commands.push(`${command} ${id}`);
  }

  state(id: string) {
    this.get(id);
    const state = { order: "start", exec: "running", runtime_seconds: 2 } as const;
    const rest = { reconnect_seconds: -1, last_logline: "", memory_bytes: 0, cpu_usage: 0 };
    return { ...state, ...rest, progress: PROGRESS, command: ["-i", "x"] };
  }

  report(id: string) {
    this.get(id);
    return { created_at: 1_795_208_703, prelude: [], log: [], history: [] };
  }

  view(id: string) {
    this.get(id);
    const facts = { video: undefined, audio: undefined };
    const plan = {
      video: undefined,
      audio: undefined,
      reason: "Video is copied.",
      warnings: ["Long GOP."],
      facts,
    };
    const state = { exec: "running", order: "start" } as const;
    const usage = { pid: 1, cpuSeconds: 0, memoryBytes: 0 };
    return { ...state, ...usage, reconnectSeconds: -1, restarts: 2, lastLogline: "line", plan };
  }

  async probe(id: string, _stop?: AbortSignal): Promise<ProbeAnswer> {
    const log = this.has(id) ? [] : [`Unknown process ID (${id})`];
    return { streams: [], log };
  }

  metadata(id: string, key?: string): unknown {
    this.get(id);
    if (key === undefined) return this.values.size === 0 ? null : Object.fromEntries(this.values);
    if (!this.values.has(key)) throw new ProcessNotFound(["unknown key"]);
    return this.values.get(key);
  }

  setMetadata(id: string, key: string, value: unknown): void {
    this.get(id);
    if (value === null) this.values.delete(key);
    else this.values.set(key, value);
  }
}
