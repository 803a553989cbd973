/** What the tests of the monitoring bundle share: its files and the commands that judge them. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";

export const ROOT = join(import.meta.dir, "../../..");
export const BUNDLE = join(ROOT, "deploy/truenas/core");
/** What CORE_ID is in .env.example. */
export const CORE = "dragonfork-truenas";

// biome-ignore lint/suspicious/noExplicitAny: files of other programs, whose shape is what is tested.
export const yaml = (path: string): any => parse(readFileSync(join(BUNDLE, path), "utf8"));

export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export const RULE_FILES = filesIn("prom/rules");

/** All alerts of all rule files. */
export const ALERTS: readonly AlertRule[] = RULE_FILES.flatMap((path) =>
  yaml(path).groups.flatMap(({ rules }: { rules: Partial<AlertRule>[] }) => rules),
)
  .filter(({ alert }) => alert !== undefined)
  .map((rule) => ({ labels: {}, ...rule }));

/** The names of a folder of the bundle, with that folder. */
export function filesIn(folder: string): string[] {
  return readdirSync(join(BUNDLE, folder)).map((name) => join(folder, name));
}

export async function run(...command: string[]): Promise<{ code: number; output: string }> {
  const child = Bun.spawn(command, { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { code, output: out + err };
}

/** Throws with the command's output where it fails. */
export async function succeeds(...command: string[]): Promise<void> {
  const { code, output } = await run(...command);
  if (code !== 0) throw new Error(`${command.join(" ")} ended with ${code}:\n${output}`);
}

/** Docker Compose 2 where it is installed, else 1.29, which is Debian's; undefined without either. */
export const COMPOSE: readonly string[] | undefined = [
  ["docker", "compose"],
  ["docker-compose"],
].find((command) => answersVersion(command));

function answersVersion(command: readonly string[]): boolean {
  try {
    return Bun.spawnSync([...command, "version"], { stderr: "ignore" }).success;
  } catch {
    return false;
  }
}
