/** schemathesis, in a Python environment of its own below .tools: property-based requests from an OpenAPI document. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const VERSION = "4.32.5";
const ENVIRONMENT = join(import.meta.dir, "../../.tools", `schemathesis-${VERSION}`);
const HOOKS = join(import.meta.dir, "schemathesis");

async function run(command: readonly string[], env: Record<string, string> = {}) {
  // It leaves its notes where it runs.
  const cwd = mkdtempSync(join(tmpdir(), "schemathesis-"));
  const child = Bun.spawn([...command], {
    env: { ...process.env, ...env },
    cwd,
    stdin: "ignore",
    stderr: "pipe",
  });
  const [out, errors] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  const code = await child.exited;
  rmSync(cwd, { recursive: true, force: true });
  return { code, output: out + errors };
}

/** Installs it where it is missing. Throws with pip's output. */
export async function installSchemathesis(): Promise<void> {
  if (existsSync(join(ENVIRONMENT, "bin/schemathesis"))) return;
  const made = await run(["python3", "-m", "venv", "--clear", ENVIRONMENT]);
  if (made.code !== 0) throw new Error(`Install python3-venv: ${made.output}`);
  const pip = [join(ENVIRONMENT, "bin/pip"), "install", "--quiet"];
  const installed = await run([...pip, `schemathesis==${VERSION}`]);
  if (installed.code !== 0) throw new Error(installed.output);
}

/** Runs it against a server. `output` has what it found, with a curl command for each. */
export function schemathesis(document: string, options: readonly string[]) {
  return run([join(ENVIRONMENT, "bin/schemathesis"), "run", document, "--no-color", ...options], {
    SCHEMATHESIS_HOOKS: "hooks",
    PYTHONPATH: HOOKS,
  });
}
