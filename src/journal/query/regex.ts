/**
 * Regular expressions of strangers, by RE2: its time grows with the text's length only, whatever the pattern, so
 * there is nothing to interrupt. What needs backtracking (look-around, back-references) is refused as a wrong pattern.
 */
import { RE2JS } from "re2js";
import { FieldInvalid } from "../../errors.ts";

/** RE2 also bounds the compiled size itself. */
const REGEX_LENGTH_MAX = 256;

export interface Regex {
  /** Whether it matches anywhere in the text; `^` and `$` tie it down. */
  test(text: string): boolean;
}

/** Throws FieldInvalid under this name. */
export function compileRegex(pattern: string, name: string): Regex {
  if (pattern.length > REGEX_LENGTH_MAX) {
    throw new FieldInvalid(name, `expected at most ${REGEX_LENGTH_MAX} characters`);
  }
  try {
    return RE2JS.compile(pattern);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new FieldInvalid(name, `expected a regular expression as RE2 takes it: ${reason}`);
  }
}
