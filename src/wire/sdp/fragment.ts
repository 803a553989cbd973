/**
 * SDP fragments of application/trickle-ice-sdpfrag (RFC 8840 §9): a player's candidates or its
 * ICE restart by PATCH, and our answer to a restart. Knows nothing of the session they belong to.
 */
import { FragmentInvalid } from "../../errors/viewer.ts";
import { parseCandidate, type RemoteCandidate } from "./candidate.ts";
import {
  ICE_SESSION_LINES,
  type LocalIce,
  writeCandidates,
  writeCredentials,
} from "./local-ice.ts";
import { addCandidate } from "./media-section.ts";
import {
  isIdentifier,
  readIcePwd,
  readIceUfrag,
  readLines,
  SDP_LIMITS,
  type SdpLine,
} from "./session.ts";

export interface SdpFragment {
  /** Both or neither; when they differ from the session's the player restarts ICE (WHEP §4.5.3). */
  iceUfrag: string | undefined;
  icePwd: string | undefined;
  /** At most 32, IP literals only. */
  candidates: readonly RemoteCandidate[];
  endOfCandidates: boolean;
  mids: readonly string[];
}

interface Draft {
  iceUfrag: string | undefined;
  icePwd: string | undefined;
  candidates: RemoteCandidate[];
  candidateLines: number;
  endOfCandidates: boolean;
  mids: string[];
  mediaLines: number;
}

const refuse = (what: string) => new FragmentInvalid(what);

/** Reads a fragment. Candidates of no use to us are dropped; a text that is no fragment throws FragmentInvalid. */
export function parseFragment(text: string): SdpFragment {
  const draft: Draft = {
    iceUfrag: undefined,
    icePwd: undefined,
    candidates: [],
    candidateLines: 0,
    endOfCandidates: false,
    mids: [],
    mediaLines: 0,
  };
  for (const line of readLines(text, refuse)) applyLine(draft, line);
  checkDraft(draft);
  const { iceUfrag, icePwd, candidates, endOfCandidates, mids } = draft;
  return { iceUfrag, icePwd, candidates, endOfCandidates, mids };
}

function checkDraft(draft: Draft): void {
  if ((draft.iceUfrag === undefined) !== (draft.icePwd === undefined)) {
    throw refuse("a=ice-ufrag and a=ice-pwd belong together, one of them is missing.");
  }
  if (draft.iceUfrag === undefined && draft.candidateLines === 0 && !draft.endOfCandidates) {
    throw refuse("expected a=candidate, a=end-of-candidates, or a=ice-ufrag with a=ice-pwd.");
  }
}

function applyLine(draft: Draft, line: SdpLine): void {
  if (line.type === "m") {
    draft.mediaLines += 1;
    if (draft.mediaLines > SDP_LIMITS.mediaMax) {
      throw refuse(`it has more than ${SDP_LIMITS.mediaMax} m= lines.`);
    }
    return;
  }
  // Some players copy the c= line along. Anything else means that this is a whole SDP.
  if (line.type === "c") return;
  if (line.type !== "a") throw refuse(`line ${line.number}: a fragment has only m= and a= lines.`);
  applyAttribute(draft, line);
}

function applyAttribute(draft: Draft, line: SdpLine): void {
  switch (line.name) {
    case "ice-ufrag":
      draft.iceUfrag = sameOrFirst(draft.iceUfrag, readIceUfrag(line, refuse), line);
      return;
    case "ice-pwd":
      draft.icePwd = sameOrFirst(draft.icePwd, readIcePwd(line, refuse), line);
      return;
    case "mid":
      addMid(draft, line);
      return;
    case "candidate":
      readCandidateLine(draft, line);
      return;
    case "end-of-candidates":
      draft.endOfCandidates = true;
      return;
    default:
    // RFC 8840 §9.2: unknown attributes are ignored.
  }
}

/** A session's media share one transport, so a fragment names one pair of credentials. */
function sameOrFirst(known: string | undefined, value: string, line: SdpLine): string {
  if (known === undefined || known === value) return value;
  throw refuse(`a=${line.name} on line ${line.number} differs from the one before.`);
}

function addMid(draft: Draft, line: SdpLine): void {
  if (!isIdentifier(line.value)) throw refuse(`a=mid on line ${line.number}: expected a token.`);
  if (draft.mids.includes(line.value)) return;
  if (draft.mids.length >= SDP_LIMITS.mediaMax) {
    throw refuse(`it has more than ${SDP_LIMITS.mediaMax} mids.`);
  }
  draft.mids.push(line.value);
}

function readCandidateLine(draft: Draft, line: SdpLine): void {
  draft.candidateLines += 1;
  // A browser's last candidate event is the empty string; players pass it on as it is.
  if (line.value === "") {
    draft.endOfCandidates = true;
    return;
  }
  const candidate = parseCandidate(line.value);
  if (candidate === "malformed") {
    throw refuse(
      `a=candidate on line ${line.number}: expected <foundation> <component> <transport> <priority> <address> <port> typ <type>.`,
    );
  }
  addCandidate(draft.candidates, candidate);
}

/** Our side after an ICE restart, and the section it stands under. */
export interface FragmentSource extends LocalIce {
  /** The tagged section of the bundle. */
  mid: string;
  kind: string;
  /** The mids of the bundle when it has more than the tagged one. */
  bundle?: readonly string[];
}

/** The body of the 200 to an ICE restart (WHEP §4.5.3), CRLF line ends. */
export function writeFragment(local: FragmentSource): string {
  const bundle = local.bundle ?? (local.mid === "" ? [] : [local.mid]);
  const lines = [
    ...ICE_SESSION_LINES,
    ...(bundle.length === 0 ? [] : [`a=group:BUNDLE ${bundle.join(" ")}`]),
    // A pseudo m= line (RFC 8840 §9.2): only its kind and its mid mean something.
    `m=${local.kind} 9 UDP/TLS/RTP/SAVPF 0`,
    ...(local.mid === "" ? [] : [`a=mid:${local.mid}`]),
    ...writeCredentials(local),
    ...writeCandidates(local),
  ];
  return `${lines.join("\r\n")}\r\n`;
}
