/** The configuration file as plain values: YAML or JSON, with the line of each key for messages. */

import { LineCounter, parseDocument } from "yaml";

export interface ConfigFile {
  values: unknown;
  /** The line of a key, counted from 1, undefined where the file does not have it. */
  lineOf(path: readonly (string | number)[]): number | undefined;
}

/** Many aliases to aliases ("billion laughs") are an attack, not a configuration. */
const ALIASES_MAX = 100;

/** Reads YAML 1.2, of which JSON is a part. A text that is neither gives one problem per mistake, with its line. */
export function parseConfigFile(text: string): ConfigFile | { problems: string[] } {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false });
  if (document.errors.length > 0) {
    const problems = document.errors.map(
      ({ pos, message }) => `line ${lineCounter.linePos(pos[0]).line}: ${message}`,
    );
    return { problems };
  }
  try {
    return {
      values: document.toJS({ maxAliasCount: ALIASES_MAX }),
      lineOf: (path) => {
        const node = document.getIn(path, true);
        const start = startOf(node);
        return start === undefined ? undefined : lineCounter.linePos(start).line;
      },
    };
  } catch (error) {
    return { problems: [error instanceof Error ? error.message : "it cannot be read as YAML"] };
  }
}

function startOf(node: unknown): number | undefined {
  if (typeof node !== "object" || node === null || !("range" in node)) return undefined;
  return Array.isArray(node.range) && typeof node.range[0] === "number" ? node.range[0] : undefined;
}
