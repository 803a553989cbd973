/**
 * What our own player tells of what its viewer saw: when the picture came, and how long it stood still. Numbers are of
 * the whole session, so that a report that is lost, or comes twice, changes nothing.
 */
import { ParameterInvalid } from "../errors.ts";
import type { Session, WhepPeer } from "./sessions.ts";

/** What is new since the report before. */
export interface PlayerReport {
  /** From the request for a session until the first picture; undefined where that is known already. */
  readonly firstFrameSeconds: number | undefined;
  readonly freezes: number;
  readonly freezeSeconds: number;
}

/** A few dozen bytes are a long report. */
export const REPORT_BYTES_MAX = 1024;
const FIRST_FRAME_SECONDS_MAX = 300;
const FREEZES_MAX = 1_000_000;
/** The player's clock started before the session's did. */
const SLACK_SECONDS = 60;

interface Known {
  firstFrame: boolean;
  freezes: number;
  freezeSeconds: number;
}

export class PlayerReports<P extends WhepPeer> {
  private readonly known = new WeakMap<Session<P>, Known>();
  private readonly nowMs: () => number;

  /** Monotonic milliseconds. */
  constructor(nowMs: () => number) {
    this.nowMs = nowMs;
  }

  /** Throws ParameterInvalid. */
  take(session: Session<P>, body: string): PlayerReport {
    const ageSeconds = (this.nowMs() - session.openedMs) / 1000 + SLACK_SECONDS;
    const fields = parse(body);
    const firstFrame = number(fields, "first_frame_seconds", FIRST_FRAME_SECONDS_MAX);
    const freezes = number(fields, "freezes", FREEZES_MAX) ?? 0;
    const freezeSeconds = number(fields, "freeze_seconds", Math.floor(ageSeconds)) ?? 0;
    const before = this.known.get(session) ?? { firstFrame: false, freezes: 0, freezeSeconds: 0 };
    this.known.set(session, {
      firstFrame: before.firstFrame || firstFrame !== undefined,
      freezes: Math.max(before.freezes, freezes),
      freezeSeconds: Math.max(before.freezeSeconds, freezeSeconds),
    });
    return {
      firstFrameSeconds: before.firstFrame ? undefined : firstFrame,
      freezes: Math.max(0, Math.floor(freezes) - before.freezes),
      freezeSeconds: Math.max(0, freezeSeconds - before.freezeSeconds),
    };
  }
}

type Fields = Readonly<Record<string, unknown>>;

function parse(body: string): Fields {
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      return value as Fields;
    }
  } catch {
    // Said below.
  }
  throw new ParameterInvalid("The report", "a JSON object");
}

function number(fields: Fields, name: string, max: number): number | undefined {
  const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
  if (value === undefined || value === null) return undefined;
  if (typeof value === "number" && value >= 0 && value <= max) return value;
  throw new ParameterInvalid(name, `a number from 0 to ${max}`);
}
