/** What the kernel tells of a server and its FFmpegs. Linux only. */
import { readdirSync, readFileSync } from "node:fs";
import { until } from "./whep-player.ts";

/** A line of /proc/<pid>/<file>, or undefined where the process is gone. */
function procFile(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return undefined;
  }
}

function parentOf(pid: number): number {
  return Number(/^PPid:\s+(\d+)/m.exec(procFile(pid, "status") ?? "")?.[1]);
}

/** The argv of a process. */
export function commandLine(pid: number): string[] {
  return (procFile(pid, "cmdline") ?? "").split("\0").slice(0, -1);
}

/** True while a process lives; one that waits to be reaped does not. */
export function isRunning(pid: number): boolean {
  const state = /^State:\s+(\S)/m.exec(procFile(pid, "status") ?? "")?.[1];
  return state !== undefined && state !== "Z" && state !== "X";
}

/** The children of a process, also those that wait to be reaped. */
export function childrenOf(parent: number): number[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => pid > 0 && parentOf(pid) === parent);
}

/** The running FFmpegs that a server started. */
export function ffmpegsOf(serverPid: number): number[] {
  return childrenOf(serverPid)
    .filter(isRunning)
    .filter((pid) => commandLine(pid).some((part) => /(^|\/)ffmpeg$/.test(part)));
}

/** The one FFmpeg of a server that has one stream; waits for it. */
export async function ffmpegOf(serverPid: number): Promise<number> {
  let running: readonly number[] = [];
  const isOne = () => {
    running = ffmpegsOf(serverPid);
    return running.length === 1;
  };
  await until(isOne, 20_000, "FFmpeg to run");
  return running[0] ?? Number.NaN;
}

/** Where an FFmpeg sends a leg's RTP, from its command line. */
export function legOf(ffmpegPid: number): { port: number; sourcePort: number; ssrc: number } {
  const argv = commandLine(ffmpegPid);
  const url = argv.find((part) => part.startsWith("rtp://")) ?? "";
  return {
    port: Number(/rtcpport=(\d+)/.exec(url)?.[1]),
    sourcePort: Number(/localrtpport=(\d+)/.exec(url)?.[1]),
    ssrc: Number(argv[argv.indexOf("-ssrc") + 1]),
  };
}

/** Resident memory of a process in bytes. */
export function residentBytes(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(procFile(pid, "status") ?? "")?.[1]) * 1024;
}
