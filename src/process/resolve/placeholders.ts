/** datarhei Core's placeholders: `{name}`, `{name^c}` puts a backslash before each c, `{name,key=value}`. */

const placeholder = /\{([a-z:]+)(?:\^(.))?(?:,(.*?))?\}/g;
/** Core fills these from servers of its own. */
const foreign: Readonly<Record<string, string>> = {
  memfs: "this server has no memory filesystem; use {diskfs}",
  "fs:mem": "this server has no memory filesystem; use {diskfs}",
  rtmp: "this server has no RTMP server; use the address of one",
  srt: "this server has no SRT server; use the address of one",
};

export class UnknownPlaceholder extends Error {
  constructor(name: string, reason: string) {
    super(`{${name}} can't be filled in: ${reason}`);
    this.name = "UnknownPlaceholder";
  }
}

/** Fills in what `values` has; other braces stay as they are. Throws UnknownPlaceholder. */
export function fillIn(text: string, values: ReadonlyMap<string, string>): string {
  return text.replace(placeholder, (found, name: string, escaped: string | undefined) => {
    const value = values.get(name);
    if (value !== undefined) {
      return escaped === undefined ? value : value.replaceAll(escaped, `\\${escaped}`);
    }
    const reason = Object.hasOwn(foreign, name) ? foreign[name] : undefined;
    if (reason !== undefined) throw new UnknownPlaceholder(name, reason);
    return found;
  });
}
