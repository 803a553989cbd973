/** The patterns of the process list's filters: `*` for any text, `?` for one character. */

/** Without regular expressions: the time is at most the product of the lengths. */
export function globMatches(pattern: string, text: string): boolean {
  let at = 0;
  let star = -1;
  let starAt = 0;
  let from = 0;
  while (at < text.length) {
    const wanted = pattern[from];
    if (wanted === "*") {
      star = from;
      starAt = at;
      from += 1;
    } else if (wanted === "?" || wanted === text[at]) {
      from += 1;
      at += 1;
    } else if (star >= 0) {
      // The last star takes one more character.
      starAt += 1;
      at = starAt;
      from = star + 1;
    } else {
      return false;
    }
  }
  while (pattern[from] === "*") from += 1;
  return from === pattern.length;
}
