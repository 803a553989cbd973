/** The configuration for readers: the table of deploy/docs/settings.md, and what is in effect with secrets hidden. */

import { Document, isCollection, isNode } from "yaml";
import { FIELDS } from "./fields.ts";
import { CONFIG_FILE_VARIABLE } from "./load/environment.ts";
import type { LoadedConfig } from "./load.ts";

const HIDDEN = "***";

/** A markdown table of every setting, from the schema. */
export function describeConfig(): string {
  const rows = FIELDS.map(({ key, schema }) =>
    row([
      code(key),
      code(schema.env),
      code(JSON.stringify(schema.default)),
      schema.allowed,
      schema.description,
    ]),
  );
  return [
    row(["Key in the file", "Environment variable", "Default", "Allowed", "Meaning"]),
    row(["---", "---", "---", "---", "---"]),
    row([
      "",
      code(CONFIG_FILE_VARIABLE),
      "none",
      "a path",
      "The configuration file, if `--config` names none.",
    ]),
    ...rows,
  ].join("\n");
}

/** YAML of the configuration in effect, with the origin of each setting that is not the default. */
export function effectiveConfig(loaded: LoadedConfig, redact: (text: string) => string): string {
  const document = new Document(structuredClone(loaded.config));
  for (const { key, path, schema } of FIELDS) {
    if (schema.secret && !isEmpty(document.getIn(path))) document.setIn(path, HIDDEN);
    const origin = loaded.origins.get(key);
    const node = document.getIn(path, true);
    if (origin === undefined) continue;
    if (isCollection(node)) node.commentBefore = ` ${origin}`;
    else if (isNode(node)) node.comment = ` ${origin}`;
  }
  // Folded lines could part a password from what shows that it is one.
  return redact(document.toString({ lineWidth: 0 }));
}

function isEmpty(value: unknown): boolean {
  return value === "" || (isCollection(value) && value.items.length === 0);
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

function code(text: string): string {
  return `\`${text}\``;
}
