/** Capture devices of this machine as Linux lists them in /sys and /proc; nothing is opened. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface HardwareDevice {
  /** What FFmpeg takes as address. */
  readonly id: string;
  readonly name: string;
  readonly extra: string;
  readonly media: "video" | "audio";
}

/** No machine has more; the list only has to end. */
export const DEVICES_MAX = 64;

/** The devices behind one of FFmpeg's device formats. `root` is / but in tests. */
export function hardwareDevices(format: string, root = "/"): HardwareDevice[] {
  if (format === "video4linux2") return fromSys(root, "video4linux");
  if (format === "fbdev") return fromSys(root, "graphics");
  return format === "alsa" ? soundCards(root) : [];
}

function fromSys(root: string, kind: "video4linux" | "graphics"): HardwareDevice[] {
  const folder = join(root, "sys/class", kind);
  const names = list(folder).filter((name) => /^(?:video|fb)\d+$/.test(name));
  return names.slice(0, DEVICES_MAX).map((name) => ({
    id: `/dev/${name}`,
    name: read(join(folder, name, "name")) || name,
    extra: "",
    media: "video",
  }));
}

/** Lines like "00-03: HDMI 0 : HDMI 0 : playback 1". */
function soundCards(root: string): HardwareDevice[] {
  const lines = read(join(root, "proc/asound/pcm")).split("\n");
  return lines.slice(0, DEVICES_MAX).flatMap((line) => {
    const [, card, device, name = ""] = /^(\d+)-(\d+): ([^:]*)/.exec(line) ?? [];
    if (card === undefined || device === undefined) return [];
    const id = `hw:${Number(card)},${Number(device)}`;
    return [{ id, name: name.trim(), extra: "", media: "audio" as const }];
  });
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return "";
  }
}
