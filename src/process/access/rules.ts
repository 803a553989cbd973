/** What an operator lets FFmpeg read and write: the storage folder, and datarhei Core's lists of expressions. */

export interface AccessList {
  /** Empty: everything. */
  readonly allow: readonly RegExp[];
  /** Wins over allow. */
  readonly block: readonly RegExp[];
}

export interface AccessRules {
  /** Absolute. Files are written nowhere else. */
  readonly storageFolder: string;
  /** What relative paths are relative to: the working folder of FFmpeg. */
  readonly workingFolder: string;
  /** Absolute. Holds tokens and passwords, so FFmpeg does not read it. */
  readonly databaseFolder: string;
  readonly input: AccessList;
  readonly output: AccessList;
}

/** Whether the lists let an address pass. `forms` are the ways to write it; one that is blocked blocks all. */
export function passes(list: AccessList, forms: readonly string[]): boolean {
  const matches = (patterns: readonly RegExp[]) =>
    patterns.some((pattern) => forms.some((form) => pattern.test(form)));
  return !matches(list.block) && (list.allow.length === 0 || matches(list.allow));
}

/** True where the operator has said what may be read. */
export function isRestricted(list: AccessList): boolean {
  return list.allow.length > 0 || list.block.length > 0;
}
