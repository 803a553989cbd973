/** What happened to one viewer, in order. Bounded: the end always finds room. */

export type StepDetail = Readonly<Record<string, string | number | boolean>>;

export interface TimelineStep {
  /** Unix milliseconds. */
  readonly atMs: number;
  readonly event: string;
  readonly detail: StepDetail;
}

export const STEPS_MAX = 40;
const NOTHING: StepDetail = {};

export class Timeline {
  leftOut = 0;
  private readonly kept: TimelineStep[] = [];

  get steps(): readonly TimelineStep[] {
    return this.kept;
  }

  add(atMs: number, event: string, detail: StepDetail = NOTHING): void {
    if (this.kept.length < STEPS_MAX) this.kept.push({ atMs, event, detail });
    else this.leftOut++;
  }

  /** The last step, beyond the bound. */
  end(atMs: number, event: string, detail: StepDetail): void {
    this.kept.push({ atMs, event, detail });
  }
}
