/** Whether a server could start with another configuration; what it holds now is not free to try. */
import type { Config } from "../../config/schema.ts";
import { checkFolder } from "./folder.ts";
import { checkHttp, checkMedia } from "./ports.ts";

/** What stands in the way of what is new in `next`, and what to do about it. */
export async function changeProblems(now: Config, next: Config): Promise<readonly string[]> {
  const { address, db, webrtc } = next;
  const results = [
    address !== now.address && (await checkHttp(address)),
    webrtc.udp_port !== now.webrtc.udp_port && (await checkMedia(webrtc.udp_port)),
    db.dir !== now.db.dir && (await checkFolder(db.dir)),
  ];
  return results.flatMap((result) =>
    result === false || result.passed ? [] : [`${result.name}: ${result.detail}`],
  );
}
