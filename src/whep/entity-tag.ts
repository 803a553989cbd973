/** Entity-tags of ICE sessions (WHEP §4.5.1, RFC 9110 §8.8.3 and §13.1.1). Pure. */

/** A strong entity-tag around a token of base64url characters. */
export function entityTag(token: string): string {
  return `"${token}"`;
}

export type IfMatch =
  | { readonly kind: "absent" }
  /** The wildcard of RFC 9110, and the quoted one of the draft's example. */
  | { readonly kind: "any"; readonly quoted: boolean }
  | { readonly kind: "tags"; readonly tags: readonly string[] };

const TAGS_MAX = 8;

/** Reads If-Match. Weak and malformed tags stay in the list; they equal no tag of ours. */
export function readIfMatch(header: string | null): IfMatch {
  const value = header?.trim() ?? "";
  if (value === "") return { kind: "absent" };
  if (value === "*") return { kind: "any", quoted: false };
  if (value === '"*"') return { kind: "any", quoted: true };
  const tags = value.split(",", TAGS_MAX).map((tag) => tag.trim());
  return { kind: "tags", tags };
}

/** RFC 9110 §13.1.1: true for the wildcard, or where the strong comparison finds the current tag. */
export function matches(condition: IfMatch, current: string): boolean {
  if (condition.kind === "any") return !condition.quoted;
  return condition.kind === "tags" && condition.tags.includes(current);
}
