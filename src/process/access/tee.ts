/**
 * The address of FFmpeg's tee muxer: `[options]address|[options]address`. Read with FFmpeg's own rules for
 * quotes and backslashes, since `.'.'/x` in it is `../x` for FFmpeg.
 */

export interface TeeSlave {
  /** With its brackets, or "". */
  readonly options: string;
  readonly address: string;
}

/** undefined where a quote or a bracket is not closed. */
export function parseTee(text: string): TeeSlave[] | undefined {
  const tokens = splitTokens(text);
  const slaves = tokens?.map((token) => {
    if (!token.startsWith("[")) return { options: "", address: token };
    const end = closingBracket(token);
    if (end < 0) return undefined;
    return { options: token.slice(0, end + 1), address: token.slice(end + 1) };
  });
  return slaves?.every((slave) => slave !== undefined) ? slaves : undefined;
}

/** The text that FFmpeg reads back as these. */
export function writeTee(slaves: readonly TeeSlave[]): string {
  return slaves
    .map(({ options, address }) => `${options}${address}`.replace(/[\\'|\s]/g, "\\$&"))
    .join("|");
}

/** The values of options inside the brackets, by name. Escapes are taken away. */
export function teeOptions(options: string): [string, string][] {
  const inside = options.slice(1, -1);
  const parts = inside.match(/(?:\\.|'[^']*'|[^:\\'])+/gs) ?? [];
  return parts.map((part) => {
    const [name = "", ...value] = part.replace(/\\(.)/gs, "$1").replaceAll("'", "").split("=");
    return [name.trim(), value.join("=")];
  });
}

/** As libavutil's av_get_token with the delimiter |: white space around a token goes, unless it is escaped. */
function splitTokens(text: string): string[] | undefined {
  const tokens: string[] = [];
  let token = "";
  /** So much of the token stays whatever it is. */
  let kept = 0;
  const trimmed = () => token.slice(0, kept) + token.slice(kept).trimEnd();
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] ?? "";
    if (character === "|") {
      tokens.push(trimmed());
      token = "";
      kept = 0;
    } else if (character === "'" || (character === "\\" && at + 1 < text.length)) {
      const end = character === "'" ? text.indexOf("'", at + 1) : at + 2;
      if (end < 0) return undefined;
      token += text.slice(at + 1, end);
      kept = token.length;
      at = character === "'" ? end : at + 1;
    } else if (token !== "" || !/\s/.test(character)) token += character;
  }
  return [...tokens, trimmed()];
}

function closingBracket(token: string): number {
  for (let at = 1; at < token.length; at += 1) {
    if (token[at] === "\\") at += 1;
    else if (token[at] === "'") {
      at = token.indexOf("'", at + 1);
      if (at < 0) return -1;
    } else if (token[at] === "]") return at;
  }
  return -1;
}
