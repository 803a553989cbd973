/** What a change of a record means for its FFmpeg and for those who watch. Pure. */
import type { ProcessRecord } from "./record.ts";
import {
  assumedFacts,
  type LegPlans,
  needsProbe,
  planSource,
  type SourcePlan,
} from "./source-plan.ts";

/** What becomes of FFmpeg: it is left alone, started, or stopped and started again. */
export type ProcessEffect = "none" | "start" | "restart";

/**
 * What viewers notice: nothing; a still picture until FFmpeg is back; their sessions end and players have to join
 * again; or one of the last two, which only a look at the new source can tell.
 */
export type ViewerEffect = "none" | "freeze" | "end" | "freeze-or-end";

export interface ChangeEffect {
  /** Dotted names of what differs. */
  readonly changed: readonly string[];
  readonly process: ProcessEffect;
  readonly viewers: ViewerEffect;
  /** Who watches now, and notices: 0 where viewers is none. */
  readonly viewersAffected: number;
  /** The same in words. */
  readonly explanation: string;
}

/** The state that a change meets. */
export interface Meeting {
  /** FFmpeg runs, is being started, or waits for its restart. */
  readonly alive: boolean;
  /** It is to run after the change. */
  readonly ordered: boolean;
  /** Of the present run, where there is one. */
  readonly plan: SourcePlan | undefined;
  readonly viewers: number;
}

/** Keys of the webrtc block that FFmpeg is started with; all others reach a running stream at once. */
const restartingWebrtcKeys: readonly string[] = ["enabled", "video", "audio"];

/** Compares two records. Without a `before` the process is new. */
export function effectOf(
  before: ProcessRecord | undefined,
  after: ProcessRecord,
  meeting: Meeting,
): ChangeEffect {
  const changed = before === undefined ? [] : changedFields(before, after);
  const process = processEffect(changed, meeting);
  const wasWatched = before?.webrtc?.enabled === true && meeting.viewers > 0;
  const viewers = wasWatched
    ? viewerEffect(before, after, { ...meeting, changed, process })
    : "none";
  return {
    changed,
    process,
    viewers,
    viewersAffected: viewers === "none" ? 0 : meeting.viewers,
    explanation: `${processWords[process]} ${viewerWords[viewers]}`,
  };
}

/** True where the change needs no new FFmpeg. A PUT that changes nothing restarts, as it does in Core. */
export function appliesAtOnce(changed: readonly string[]): boolean {
  return changed.length > 0 && changed.every((name) => !isRestarting(name));
}

function isRestarting(name: string): boolean {
  const [block, key] = name.split(".");
  return block !== "webrtc" || key === undefined || restartingWebrtcKeys.includes(key);
}

function changedFields(before: ProcessRecord, after: ProcessRecord): string[] {
  return differences(before, after).flatMap((name) => {
    if (name !== "webrtc" || before.webrtc === undefined || after.webrtc === undefined) return name;
    return differences(before.webrtc, after.webrtc).map((key) => `webrtc.${key}`);
  });
}

/** parseRecord always makes the keys in the same order, so equal values have equal JSON. */
function differences(before: object, after: object): string[] {
  const was = new Map<string, unknown>(Object.entries(before));
  const is = new Map<string, unknown>(Object.entries(after));
  return [...new Set([...was.keys(), ...is.keys()])].filter(
    (name) => JSON.stringify(was.get(name)) !== JSON.stringify(is.get(name)),
  );
}

function processEffect(changed: readonly string[], { alive, ordered }: Meeting): ProcessEffect {
  if (!ordered) return "none";
  if (!alive) return "start";
  return appliesAtOnce(changed) ? "none" : "restart";
}

interface Situation extends Meeting {
  readonly changed: readonly string[];
  readonly process: ProcessEffect;
}

function viewerEffect(before: ProcessRecord, after: ProcessRecord, now: Situation): ViewerEffect {
  if (after.webrtc?.enabled !== true || before.id !== after.id) return "end";
  if (now.process === "none") return "none";
  const next = nextPlan(after, now);
  if (next === undefined || now.plan === undefined) return "freeze-or-end";
  return codecsOf(next) === codecsOf(now.plan) ? "freeze" : "end";
}

/** The plan after the change as far as it is known without a look at the source. */
function nextPlan(after: ProcessRecord, { changed, plan }: Situation): SourcePlan | undefined {
  const sameSource = !changed.includes("input") && !changed.includes("options");
  if (sameSource && plan !== undefined) return planSource(after, plan.facts);
  return needsProbe(after) ? undefined : planSource(after, assumedFacts(after));
}

function codecsOf({ video, audio }: LegPlans): string {
  return `${video?.codec} ${audio?.codec}`;
}

const processWords: Readonly<Record<ProcessEffect, string>> = {
  none: "FFmpeg is not restarted.",
  start: "FFmpeg is started.",
  restart: "FFmpeg is stopped and started again.",
};

const viewerWords: Readonly<Record<ViewerEffect, string>> = {
  none: "No viewer notices.",
  freeze: "Viewers stay connected and see a still picture until FFmpeg is back.",
  end: "The sessions of all viewers end; their players have to join again.",
  "freeze-or-end":
    "Viewers stay connected if the new source leads to the same codecs; else their sessions end.",
};
