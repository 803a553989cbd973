/**
 * Builds the one binary: `bun run build [--target=linux-arm64]`.
 * NODE_ENV is fixed at build time: Bun's development mode would show sources and messages to clients.
 */

import { $ } from "bun";

const TARGETS = [
  "linux-x64",
  "linux-x64-baseline",
  "linux-arm64",
  "linux-x64-musl",
  "linux-arm64-musl",
] as const;
type Target = (typeof TARGETS)[number];

const root = new URL("..", import.meta.url).pathname;

function parseTarget(args: readonly string[]): Target | undefined {
  if (args.length === 0) return undefined;
  const name = args.length === 1 ? args[0]?.replace(/^--target=/, "") : undefined;
  const target = TARGETS.find((known) => known === name);
  if (target === undefined) {
    console.error(`usage: bun run build [--target=TARGET], TARGET one of ${TARGETS.join(", ")}`);
    process.exit(2);
  }
  return target;
}

/** The commit of the sources, marked when they differ from it; "" outside of git. */
async function sourceCommit(): Promise<string> {
  const commit = await $`git rev-parse --short=12 HEAD`.cwd(root).quiet().nothrow();
  if (commit.exitCode !== 0) return "";
  const changes = await $`git status --porcelain -- src package.json bun.lock deploy/patches`
    .cwd(root)
    .quiet()
    .nothrow();
  return commit.text().trim() + (changes.text().trim() === "" ? "" : "-dirty");
}

async function build(target: Target | undefined): Promise<void> {
  const outfile = `${root}dist/dragonfork${target === undefined ? "" : `-${target}`}`;
  const commit = await sourceCommit();
  await Bun.build({
    entrypoints: [
      `${root}src/main.ts`,
      `${root}src/shard/worker.ts`,
      `${root}src/journal/worker.ts`,
    ],
    compile: {
      ...(target === undefined ? {} : { target: `bun-${target}` as const }),
      outfile,
      // Settings of a project that happens to be in the working folder are none of ours.
      autoloadBunfig: false,
    },
    target: "bun",
    // Without it a viewer who comes after a quiet while waits 0.1 s for code that was dropped meanwhile to be read again.
    bytecode: true,
    format: "cjs",
    // Names show in the log and in profiles.
    minify: { whitespace: true, syntax: true, keepNames: true },
    define: {
      "process.env.NODE_ENV": '"production"',
      DRAGONFORK_COMMIT: JSON.stringify(commit),
    },
  });
  const megabytes = (Bun.file(outfile).size / 1e6).toFixed(0);
  console.log(`${outfile}: ${megabytes} MB, commit ${commit === "" ? "unknown" : commit}`);
}

await build(parseTarget(process.argv.slice(2)));
