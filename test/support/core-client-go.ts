/** datarhei's own Go client, as a program that is told what to call: test/clients/core-client-go. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const SOURCE = join(import.meta.dir, "../clients/core-client-go");

export interface Call {
  readonly call: string;
  readonly id?: string;
  readonly text?: string;
  readonly config?: unknown;
  readonly value?: unknown;
}

/** Where the client failed: `code` is the server's status, 0 where it is the client's own failure. */
export class ClientError extends Error {
  readonly code: number;
  constructor(message: string, code: number) {
    super(message);
    this.code = code;
  }
}

/** Builds the program into a folder of its own. Throws where Go, or the module, is not to be had. */
export async function buildCoreClient(): Promise<{ path: string; remove: () => void }> {
  const folder = mkdtempSync(join(tmpdir(), "dragonfork-client-"));
  const path = join(folder, "core-client");
  const build = Bun.spawn(["go", "build", "-o", path, "."], { cwd: SOURCE, stderr: "pipe" });
  const said = await new Response(build.stderr).text();
  if ((await build.exited) !== 0) throw new Error(`the Go client does not build:\n${said}`);
  return { path, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

export class CoreClientGo {
  private readonly child: Bun.Subprocess<"pipe", "pipe", "inherit">;
  private readonly lines: AsyncIterator<string>;
  /** What the client learnt of the server. */
  about: unknown;

  private constructor(path: string, args: readonly string[]) {
    this.child = Bun.spawn([path, ...args], { stdin: "pipe", stdout: "pipe", stderr: "inherit" });
    this.lines = linesOf(this.child.stdout);
  }

  /** Rejects with ClientError where the client does not take the server. */
  static async connect(
    path: string,
    address: string,
    login?: { username: string; password: string },
  ): Promise<CoreClientGo> {
    const user = login && ["-username", login.username, "-password", login.password];
    const client = new CoreClientGo(path, ["-address", address, ...(user ?? [])]);
    client.about = await client.answer();
    return client;
  }

  /** Rejects with ClientError. */
  async call<T>(call: Call): Promise<T> {
    this.child.stdin.write(`${JSON.stringify(call)}\n`);
    await this.child.stdin.flush();
    return (await this.answer()) as T;
  }

  async close(): Promise<void> {
    await this.child.stdin.end();
    await this.child.exited;
  }

  private async answer(): Promise<unknown> {
    const { value: line, done } = await this.lines.next();
    if (done === true) throw new Error("the Go client has ended");
    const { value, error, code } = JSON.parse(line);
    if (error !== undefined) throw new ClientError(error, code ?? 0);
    return value;
  }
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = parts.pop() ?? "";
    yield* parts;
  }
}
