/** Runs FFmpeg to its end, for files that tests and benches play. Throws what it said where it fails. */
export async function runFfmpeg(...argv: string[]): Promise<void> {
  const child = Bun.spawn(["ffmpeg", "-hide_banner", "-loglevel", "error", "-y", ...argv], {
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
  });
  const said = await new Response(child.stderr).text();
  if ((await child.exited) !== 0) throw new Error(said);
}
