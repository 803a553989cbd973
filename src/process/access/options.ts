/**
 * FFmpeg's options that open files besides the addresses. Core lets all of them pass; here those that write stay
 * inside of the storage folder, and those that load code or take commands are refused.
 */
import { confine } from "../../storage/confine.ts";
import { IN_DATABASE, isInDatabase } from "./database.ts";
import { filterProblem } from "./filters.ts";
import { type AccessRules, isRestricted, passes } from "./rules.ts";

/** The value is a path, or the beginning of one, that is written. */
const written = new Set([
  ...["vstats_file", "passlogfile", "sdp_file", "dump_attachment", "print_graphs_file"],
  ...["enc_stats_pre", "enc_stats_post", "mux_stats", "progress"],
  ...["hls_segment_filename", "segment_list", "segment_header_filename", "header"],
]);
/** The value is a name beside the output; FFmpeg joins it to the output's folder. */
const beside = new Set([
  ...["hls_fmp4_init_filename", "master_pl_name", "hls_subtitle_path", "init_seg_name"],
  ...["media_seg_name", "hls_master_name", "segment_list_entry_prefix"],
]);
/** The value is a file that is read as it is, or sent to viewers. */
const read = new Set(["attach", "hls_key_info_file", "fpre", "qpfile"]);
const refused: Readonly<Record<string, string>> = {
  i: "each input is its own entry of input",
  report: "it writes a file beside the server; the log is in the report of the process",
  vstats: "it writes a file beside the server; use -vstats_file",
  filter_script: "write the filters in -vf or -af",
  filter_complex_script: "write the filters in -filter_complex",
};
const filters = new Set(["vf", "af", "filter", "filter_complex", "lavfi"]);
/** Values that are options themselves: of an encoder library or of a muxer inside of a muxer. */
const nested = /^(?:x26[45]-?(?:params|opts)|x264opts|svtav1-params|.*_(?:options|opts))$/;

/** Says what is wrong with an option and its value, or undefined. `name` is without the dash. */
export function optionProblem(
  name: string,
  value: string | undefined,
  rules: AccessRules,
): string | undefined {
  // -filter:v and -filter are one option; -/filter reads its value from a file.
  const plain = name.replace(/:.*$/s, "");
  if (plain.startsWith("/")) return `-${plain} is not allowed: write the value itself`;
  const reason = Object.hasOwn(refused, plain) ? refused[plain] : undefined;
  if (reason !== undefined) return `-${plain} is not allowed: ${reason}`;
  if (value === undefined) return undefined;
  const problem = valueProblem(plain, value, rules);
  return problem === undefined ? undefined : `-${plain}: ${problem}`;
}

function valueProblem(name: string, value: string, rules: AccessRules): string | undefined {
  if (written.has(name)) return writeProblem(value, rules);
  if (beside.has(name) && /^\/|^[a-z]+:|(?:^|\/)\.\.(?:\/|$)/i.test(value)) {
    return `found ${value.slice(0, 80)}; allowed: a name in the folder of the output`;
  }
  if (read.has(name)) return readProblem(value, rules);
  if (filters.has(name)) return filterProblem(value, rules);
  if (name === "safe" && value !== "1" && isRestricted(rules.input)) {
    return "the input lists of the server can't see what an unsafe concat list names";
  }
  return nested.test(name) ? nestedProblem(value, rules) : undefined;
}

function writeProblem(value: string, rules: AccessRules): string | undefined {
  if (value === "-" || value.startsWith("pipe:")) return undefined;
  const isRemote = /^(?:https?|tcp|udp):/i.test(value);
  const path = value.replace(/^file:/, "");
  const file = isRemote ? value : confine(path, rules.storageFolder, rules.workingFolder);
  if (typeof file !== "string") return file.problem;
  const address = isRemote ? value : `file:${file}`;
  return passes(rules.output, [address]) ? undefined : "address is not allowed";
}

function readProblem(value: string, rules: AccessRules): string | undefined {
  if (isInDatabase(value, rules)) return IN_DATABASE;
  return passes(rules.input, [value]) ? undefined : "address is not allowed";
}

/** Only paths hold a slash in these; where one is, it has to be in the storage folder. */
function nestedProblem(value: string, rules: AccessRules): string | undefined {
  for (const part of value.replace(/\\(.)/gs, "$1").split(/[:=,]/)) {
    const problem = part.includes("/") ? writeProblem(part, rules) : undefined;
    if (problem !== undefined) return problem;
  }
  return undefined;
}
