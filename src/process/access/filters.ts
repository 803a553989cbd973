/** Filters that write files, load code, open a port or read the server's secrets by their own arguments. */
import { statSync } from "node:fs";
import { resolve } from "node:path";
import { IN_DATABASE, isInDatabase } from "./database.ts";
import { type AccessRules, isRestricted } from "./rules.ts";

/** They write statistics where one of these arguments names a file. */
const statisticsArguments = /(?:^|:)(?:file|f|stats_file|log_path|result|filename)=(?!-(?::|$))/;
const statistics = new Set([
  ...["metadata", "ametadata", "psnr", "ssim", "xpsnr", "vmafmotion", "identity", "msad"],
  ...["libvmaf", "vidstabdetect", "signature", "ssim360", "corr"],
]);
/** Their first argument is the file when it has no name. */
const positional = new Set([
  "psnr",
  "ssim",
  "xpsnr",
  "vmafmotion",
  "identity",
  "msad",
  "vidstabdetect",
]);
/** They load a shared library; by its bare name from the system's folders, by a path from anywhere. */
const libraries = new Set(["ladspa", "frei0r", "frei0r_src"]);
/** They take commands from the network. */
const remote = new Set(["zmq", "azmq"]);
/** They read files that the lists for inputs do not see. */
const readers = new Set(["movie", "amovie"]);

/** Says what is wrong with a filter graph, or undefined. */
export function filterProblem(graph: string, rules: AccessRules): string | undefined {
  // FFmpeg takes quotes and backslashes away, also inside of names.
  const plain = graph.replace(/[\\']/g, "");
  for (const text of plain.split(/[,;\]]/)) {
    const [, name = "", values = ""] = /^\s*([\w]+)(?:@\w+)?\s*(?:=(.*))?$/s.exec(text) ?? [];
    const problem = oneProblem(name, values, isRestricted(rules.input));
    if (problem !== undefined) return `the filter ${name} ${problem}`;
  }
  return namesSecret(plain, rules) ? IN_DATABASE : undefined;
}

/** Many filters read files (movie, drawtext, subtitles …), each by an argument of its own. */
function namesSecret(plain: string, rules: AccessRules): boolean {
  const words = new Set(plain.split(/[,;:=|[\]]/).map((word) => word.trim()));
  return [...words].some((word) => isFile(word, rules) && isInDatabase(word, rules));
}

function isFile(path: string, { workingFolder }: AccessRules): boolean {
  try {
    return statSync(resolve(workingFolder, path)).isFile();
  } catch {
    // Most arguments are no path at all.
    return false;
  }
}

function oneProblem(name: string, values: string, restricted: boolean): string | undefined {
  if (statistics.has(name)) {
    const first = values.split(":")[0] ?? "";
    const isFile = positional.has(name) && first !== "" && first !== "-" && !first.includes("=");
    if (isFile || statisticsArguments.test(values)) return "may not write a file";
  }
  if (libraries.has(name) && values.includes("/")) return "may not load a library by its path";
  if (remote.has(name)) return "is not allowed: it takes commands from the network";
  return readers.has(name) && restricted ? "opens files past the input lists" : undefined;
}
