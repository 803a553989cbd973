/** What one check found. */
export interface CheckResult {
  name: string;
  passed: boolean;
  /** What was found, and what to do about it when it failed. */
  detail: string;
}
