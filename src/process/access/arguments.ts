/** Reads a list of FFmpeg arguments as FFmpeg does: options with their values, and what is no option, an output. */

/** Options that take no value, in FFmpeg 4 to 8. Every option that is not in here takes one. */
const flags = new Set([
  ...["L", "h", "?", "help", "version", "buildconf", "formats", "muxers", "demuxers", "devices"],
  ...["codecs", "decoders", "encoders", "bsfs", "protocols", "filters", "pix_fmts", "layouts"],
  ...["sample_fmts", "dispositions", "colors", "hwaccels", "report", "y", "n", "hide_banner"],
  ...["ignore_unknown", "copy_unknown", "recast_media", "stats", "benchmark", "benchmark_all"],
  ...["stdin", "dump", "hex", "copyts", "start_at_zero", "xerror", "auto_conversion_filters"],
  ...["debug_ts", "psnr", "vstats", "qphist", "re", "shortest", "bitexact", "copyinkf"],
  ...["find_stream_info", "autorotate", "autoscale", "vn", "an", "sn", "dn", "accurate_seek"],
  ...["fix_sub_duration", "fix_sub_duration_heartbeat", "force_fps", "deinterlace", "intra"],
  ...["same_quant", "sameq", "print_graphs"],
]);

export interface FfmpegOption {
  /** Without its dash, with its stream specifier. */
  readonly name: string;
  readonly value: string | undefined;
}

/** Options up to an output that stands among them, or to the end of the list. */
export interface OptionGroup {
  readonly options: readonly FfmpegOption[];
  /** undefined in the last group. */
  readonly output: string | undefined;
}

export function readArguments(list: readonly string[]): OptionGroup[] {
  const groups: OptionGroup[] = [];
  let options: FfmpegOption[] = [];
  for (let at = 0; at < list.length; at += 1) {
    const text = list[at] ?? "";
    if (text === "--") continue;
    if (!text.startsWith("-") || text === "-") {
      groups.push({ options, output: text });
      options = [];
      continue;
    }
    const name = text.slice(1);
    if (isFlag(name)) options.push({ name, value: undefined });
    else {
      at += 1;
      options.push({ name, value: list[at] });
    }
  }
  return [...groups, { options, output: undefined }];
}

/** The format that a group sets for its output. */
export function formatOf({ options }: OptionGroup): string | undefined {
  return options.findLast(({ name }) => name === "f")?.value;
}

function isFlag(name: string): boolean {
  const plain = name.replace(/:.*$/s, "");
  return flags.has(plain) || (plain.startsWith("no") && flags.has(plain.slice(2)));
}
