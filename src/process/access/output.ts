/** Where FFmpeg may write to: the storage folder, the network, a few devices, or nowhere ("-"). */
import { normalize } from "node:path";
import { confine } from "../../storage/confine.ts";
import { schemeOf } from "../record/address.ts";
import { optionProblem } from "./options.ts";
import { type AccessRules, passes } from "./rules.ts";
import { parseTee, teeOptions, writeTee } from "./tee.ts";
import { hostProblem } from "./url-host.ts";

export interface ResolvedOutput {
  /** As FFmpeg gets it. */
  readonly address: string;
  readonly problem?: undefined;
}

/** A phrase for the end of "… is invalid: ". */
export interface RefusedOutput {
  readonly problem: string;
}

/**
 * FFmpeg's other protocols (md5:, crypto:, unix:, fd:, tee: …) open files and sockets by side doors, so this list is
 * closed; Core's is open.
 */
const outputSchemes: readonly string[] = [
  ...["rtmp", "rtmps", "rtmpt", "rtmpts", "rtsp", "rtsps", "srt", "rist", "rtp", "srtp"],
  ...["udp", "udplite", "tcp", "tls", "http", "https", "icecast", "ftp", "sftp"],
];
/** Outputs that are named, not opened as files. */
const deviceFormats = ["alsa", "pulse", "oss", "sdl", "sdl2", "opengl", "xv", "decklink", "caca"];
const devices = /^\/dev\/(?:null|video\d+|fb\d+|dsp\d*|snd\/.+)$/;

/** Checks one output and makes its address absolute. `format` is the value of -f. */
export function resolveOutput(
  address: string,
  format: string | undefined,
  rules: AccessRules,
): ResolvedOutput | RefusedOutput {
  if (format === "tee") return resolveTee(address, rules);
  if (deviceFormats.includes(format ?? "")) return checked(address, rules);
  if (address === "-" || address === "pipe:" || address === "pipe:1") return { address: "pipe:" };
  const path = address.startsWith("file:") ? address.slice("file:".length) : address;
  const scheme = path === address ? schemeOf(address) : undefined;
  if (scheme !== undefined) return resolveUrl(address, scheme, rules);
  if (normalize(path).startsWith("/dev/")) return resolveDevice(normalize(path), rules);
  const file = confine(path, rules.storageFolder, rules.workingFolder);
  return typeof file === "string" ? checked(`file:${file}`, rules) : file;
}

function resolveUrl(address: string, scheme: string, rules: AccessRules) {
  if (!outputSchemes.includes(scheme)) {
    return {
      problem: `the scheme "${scheme.slice(0, 40)}" is not allowed; allowed: ${outputSchemes.join(", ")}, or a path inside of ${rules.storageFolder}`,
    };
  }
  const problem = hostProblem(address);
  return problem === undefined ? checked(address, rules) : { problem };
}

function resolveDevice(path: string, rules: AccessRules) {
  if (devices.test(path)) return checked(`file:${path}`, rules);
  return { problem: `${path} is no device that may be written to` };
}

function checked(address: string, rules: AccessRules): ResolvedOutput | RefusedOutput {
  return passes(rules.output, [address]) ? { address } : { problem: "address is not allowed" };
}

function resolveTee(text: string, rules: AccessRules): ResolvedOutput | RefusedOutput {
  const slaves = parseTee(text);
  if (slaves === undefined)
    return { problem: "a quote or bracket of the tee address is not closed" };
  const resolved = [];
  for (const { options, address } of slaves) {
    const values = teeOptions(options);
    const format = values.findLast(([name]) => name === "f")?.[1];
    if (format === "tee") return { problem: "a tee inside of a tee is not allowed" };
    for (const [name, value] of values) {
      const problem = optionProblem(name, value, rules);
      if (problem !== undefined) return { problem };
    }
    const slave = resolveOutput(address, format, rules);
    if (slave.problem !== undefined) return slave;
    resolved.push({ options, address: slave.address });
  }
  return { address: writeTee(resolved) };
}
