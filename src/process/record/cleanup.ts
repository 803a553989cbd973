/** Rules of an output for the files it leaves behind, in datarhei Core's shape. */
import { asFields, type Problems } from "./fields.ts";

export interface CleanupRule {
  /** A glob over the storage, such as `disk:/live/*.ts`. */
  readonly pattern: string;
  /** The oldest files above this number go; 0 = no limit. */
  readonly max_files: number;
  /** 0 = no limit. */
  readonly max_file_age_seconds: number;
  /** Whether all of them go with the process. */
  readonly purge_on_delete: boolean;
}

export function parseCleanup(
  list: readonly unknown[],
  path: string,
  problems: Problems,
): CleanupRule[] {
  return list.map((value, index) => {
    const rule = asFields(value, `${path}[${index}]`, problems);
    return {
      pattern: rule?.text("pattern", "") ?? "",
      max_files: rule?.count("max_files", 0) ?? 0,
      max_file_age_seconds: rule?.count("max_file_age_seconds", 0) ?? 0,
      purge_on_delete: rule?.flag("purge_on_delete", false) ?? false,
    };
  });
}
