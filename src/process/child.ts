/**
 * Starts an FFmpeg as a child of this process. The one place with Bun.spawn: an argv array (no
 * shell), no standard input, a small environment, both pipes always drained.
 */
import type { ExitFacts } from "./state.ts";

export interface ChildHandlers {
  onStdout(chunk: Uint8Array): void;
  onStderr(chunk: Uint8Array): void;
  /** Called once, after the output was read to its end. */
  onExit(exit: ExitFacts): void;
}

export interface Child {
  readonly pid: number;
  kill(signal: "SIGINT" | "SIGKILL"): void;
}

/** Throws if the binary can't be started. */
export type SpawnChild = (argv: readonly string[], handlers: ChildHandlers) => Child;

export interface SpawnOptions {
  readonly binary: string;
  /** Path of setpriv, or undefined where the system has none. */
  readonly setpriv: string | undefined;
  readonly environment: Readonly<Record<string, string>>;
}

/** What FFmpeg may know of our environment: how to find programs, fonts, certificates and GPUs. */
const environmentNames = [
  "PATH",
  "HOME",
  "TMPDIR",
  "TZ",
  "LANG",
  "LC_ALL",
  "LD_LIBRARY_PATH",
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
  "FONTCONFIG_FILE",
  "FONTCONFIG_PATH",
  "XDG_RUNTIME_DIR",
  "LIBVA_DRIVER_NAME",
  "LIBVA_DRIVERS_PATH",
  "CUDA_VISIBLE_DEVICES",
  "NVIDIA_VISIBLE_DEVICES",
  "NVIDIA_DRIVER_CAPABILITIES",
];

/** A grandchild could hold a pipe open after FFmpeg ended; it isn't waited for longer than this. */
const drainMsMax = 500;

/** The environment without tokens, passwords and whatever else a server is started with. */
export function childEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name of environmentNames) {
    const value = environment[name];
    if (value !== undefined) kept[name] = value;
  }
  return kept;
}

/**
 * The command that starts FFmpeg. With setpriv the kernel kills FFmpeg when this server dies, even
 * by kill -9: an orphan would go on sending into ports that the next server gives to others.
 */
export function childCommand(options: SpawnOptions, argv: readonly string[]): string[] {
  const guard = options.setpriv === undefined ? [] : [options.setpriv, "--pdeathsig", "KILL", "--"];
  return [...guard, options.binary, ...argv];
}

/** A SpawnChild over Bun.spawn. */
export function createSpawn(options: SpawnOptions): SpawnChild {
  return (argv, handlers) => {
    const child = Bun.spawn(childCommand(options, argv), {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      env: { ...options.environment },
    });
    const drained = Promise.all([
      drain(child.stdout, handlers.onStdout),
      drain(child.stderr, handlers.onStderr),
    ]);
    void child.exited.then(async () => {
      await Promise.race([drained, Bun.sleep(drainMsMax)]);
      handlers.onExit({
        code: child.exitCode,
        signal: child.signalCode === null ? null : String(child.signalCode),
      });
    });
    return { pid: child.pid, kill: (signal) => child.kill(signal) };
  };
}

async function drain(
  stream: ReadableStream<Uint8Array>,
  onChunk: (chunk: Uint8Array) => void,
): Promise<void> {
  try {
    for await (const chunk of stream) onChunk(chunk);
  } catch {
    // A pipe that breaks has nothing more to say; the exit is reported by the child itself.
  }
}
