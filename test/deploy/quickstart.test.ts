/**
 * The first of the README's two commands on a machine that has nothing: a Debian base system of its own, made by
 * debootstrap, in its own mount and process namespace. Needs root, since that is what makes such a system.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePorts } from "../support/free-ports.ts";
import { until, WhepPlayer } from "../support/whep-player.ts";

const ROOT = join(import.meta.dir, "../..");
const MINUTE_MS = 60_000;
/** Where this machine keeps certificates that Debian's own package lacks, a proxy's for example. */
const HOST_CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt";
const isRoot = process.getuid?.() === 0;

const folder = mkdtempSync(join(tmpdir(), "dragonfork-rootfs-"));
const system = join(folder, "root");

afterAll(() => rmSync(folder, { recursive: true, force: true }), MINUTE_MS);

async function run(command: string[], env: Record<string, string> = {}): Promise<string> {
  const child = Bun.spawn(command, {
    cwd: ROOT,
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", HOME: "/root", ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  if (code !== 0) throw new Error(`${command.join(" ")} ended with ${code}:\n${out}\n${err}`);
  return out + err;
}

/** Runs a command in the bare system; whatever it leaves running ends with it. */
function inside(script: string, env: Record<string, string> = {}): Promise<string> {
  const enter = `mount -t proc proc ${system}/proc && exec chroot ${system} sh -c "$SCRIPT"`;
  return run(["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", enter], {
    SCRIPT: script,
    ...env,
  });
}

describe.skipIf(!isRoot)("quickstart on a bare Debian", () => {
  beforeAll(async () => {
    await run(["debootstrap", "--variant=minbase", "bookworm", system]);
    for (const file of ["/etc/resolv.conf", "/etc/hosts"]) {
      if (existsSync(file)) copyFileSync(file, system + file);
    }
    if (existsSync(HOST_CERTIFICATES))
      copyFileSync(HOST_CERTIFICATES, `${system}/certificates.crt`);
    await run(["git", "clone", "--quiet", ROOT, join(system, "dragonfork")]);
  }, 10 * MINUTE_MS);

  test(
    "one command installs what is missing and brings the picture up, and a second time at once",
    async () => {
      const [http, udp] = await freePorts(2);
      const env = {
        NODE_EXTRA_CA_CERTS: "/certificates.crt",
        CORE_ADDRESS: `127.0.0.1:${http}`,
        CORE_WEBRTC_UDP_PORT: String(udp),
        CORE_WEBRTC_LEG_PORTS: "16000-16059",
      };
      // The script waits in the foreground, so it runs beside the player; the marker ends it.
      const script = [
        "cd /dragonfork",
        "sh deploy/quickstart.sh --detach",
        "while [ ! -e /seen ]; do sleep 0.2; done",
        "kill $(cat .tools/quickstart.pid)",
        "while kill -0 $(cat .tools/quickstart.pid) 2>/dev/null; do sleep 0.2; done",
        "sh deploy/quickstart.sh --detach",
      ].join(" && ");
      const output = inside(script, env);
      let ended: unknown;
      output.then(
        () => (ended = "early"),
        (error: unknown) => (ended = error),
      );
      const url = `http://127.0.0.1:${http}`;
      while (!(await answers(`${url}/api/v3/webrtc/streams`, '"live"'))) {
        if (ended !== undefined) throw ended;
        await Bun.sleep(500);
      }
      const player = await WhepPlayer.play({ url: `${url}/api/v3/whep/test` });
      const packets = (kind: "video" | "audio") => player.media(kind)?.packets ?? 0;
      const plays = () => packets("video") > 100 && packets("audio") > 20;
      await until(plays, 30_000, "picture and sound");
      await player.close();
      await Bun.write(join(system, "seen"), "");
      const text = await output;
      for (const path of ["/player/test", "/swagger", "/metrics"]) {
        expect(text.split(url + path).length - 1).toBe(2);
      }
    },
    12 * MINUTE_MS,
  );
});

describe("what an earlier --detach left behind", () => {
  const script = join(folder, "other/deploy/quickstart.sh");

  /** Up to the point where something would be installed. */
  async function startBeside(arg0: string): Promise<string> {
    await Bun.write(script, Bun.file(join(ROOT, "deploy/quickstart.sh")));
    await Bun.write(join(folder, "other/deploy/install-bun.sh"), "echo installing >&2; exit 1");
    const other = Bun.spawn(["sleep", "60"], { argv0: arg0 });
    await Bun.write(join(folder, "other/.tools/quickstart.pid"), `${other.pid}\n`);
    const child = Bun.spawn(["sh", script], { stdout: "ignore", stderr: "pipe" });
    const said = await new Response(child.stderr).text();
    other.kill();
    return said.replace(String(other.pid), "PID");
  }

  test("a server that runs is named, with the way to stop it", async () => {
    expect(await startBeside("bun src/main.ts serve --demo")).toBe(
      "The server of an earlier quickstart is running. Stop it first: kill PID\n",
    );
  });

  test("another process that got its id, after a reboot for instance, is left alone", async () => {
    expect(await startBeside("sleep")).toBe("installing\n");
  });
});

async function answers(url: string, needle: string): Promise<boolean> {
  try {
    return (await (await fetch(url)).text()).includes(needle);
  } catch {
    return false;
  }
}
