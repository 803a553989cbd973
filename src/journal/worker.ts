/** Entry point of the journal's thread. Composition only. */
import { parentPort } from "node:worker_threads";
import { JournalKeeper } from "./keeper.ts";
import type { FromKeeper, ToKeeper } from "./messages.ts";

function run(): void {
  const port = parentPort;
  if (port === null) throw new Error("This is the entry point of a worker.");
  const post = (message: FromKeeper): void => port.postMessage(message);
  let keeper: JournalKeeper | undefined;
  port.on("message", (message: ToKeeper) => {
    switch (message.type) {
      case "open":
        keeper = new JournalKeeper({
          settings: message.settings,
          post,
          nowMs: () => performance.now(),
          unixMs: () => Date.now(),
        });
        return;
      case "append":
        keeper?.append(message.rows);
        return;
      case "ask": {
        const { request, question } = message;
        try {
          if (keeper === undefined) throw new Error("it is not open");
          post({ type: "answer", request, answer: keeper.answer(question) });
        } catch (error) {
          const reason = error instanceof Error ? error.message : String(error);
          post({ type: "refusal", request, reason });
        }
        return;
      }
      case "close":
        keeper?.close();
        post({ type: "closed" });
        return;
      default:
        return;
    }
  });
}

run();
