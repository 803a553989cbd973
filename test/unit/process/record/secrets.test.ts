import { expect, test } from "bun:test";
import {
  hideSecrets,
  holdsHidden,
  redactArguments,
  restoreSecrets,
} from "../../../../src/process/record/secrets.ts";
import { parseRecord } from "../../../../src/process/record.ts";

const base = parseRecord({
  id: "cam",
  input: [
    { id: "a", address: "rtsp://admin:canary1@cam/ch1", options: ["-passphrase", "canary2"] },
    { id: "b", address: "srt://host:9000?passphrase=canary3", options: [] },
  ],
  output: [{ id: "o", address: "rtmp://u:canary4@host/live", options: ["-f", "flv"] }],
  webrtc: { enabled: true },
});

test("no password of a record leaves", () => {
  const shown = JSON.stringify(hideSecrets(base));
  expect(shown).not.toContain("canary");
  expect(shown).toContain("cam/ch1");
});

test("what a client got hidden and sends back is the stored password again", () => {
  const edited = { ...JSON.parse(JSON.stringify(hideSecrets(base))), reference: "new" };
  const restored = restoreSecrets(parseRecord(edited, base), base);
  expect(restored).toEqual({ ...base, reference: "new" });
  expect(holdsHidden(restored)).toBe(false);
});

test("inputs in another order keep their passwords", () => {
  const hidden = hideSecrets(base);
  const swapped = restoreSecrets({ ...hidden, input: [hidden.input[1]!, hidden.input[0]!] }, base);
  expect(swapped.input.map((io) => io.address)).toEqual([
    base.input[1]!.address,
    base.input[0]!.address,
  ]);
});

test("a hidden password that nobody knows is noticed", () => {
  expect(holdsHidden(hideSecrets(base))).toBe(true);
  const record = restoreSecrets(
    parseRecord({ input: [{ id: "a", address: "rtsp://***@elsewhere/ch1" }] }, base),
    base,
  );
  expect(holdsHidden(record)).toBe(true);
});

test("a hidden header in an option that was changed beside it is noticed", () => {
  const options = ["-headers", "Authorization: Basic canary\r\nX-A: 1"];
  const stored = parseRecord({ input: [{ id: "a", address: "rtsp://cam/1", options }] }, base);
  const [input] = hideSecrets(stored).input;
  const edited = input!.options.map((option) => option.replace("X-A: 1", "X-A: 2"));
  const record = parseRecord({ input: [{ ...input, options: edited }] }, stored);
  expect(holdsHidden(restoreSecrets(record, stored))).toBe(true);
  expect(holdsHidden(restoreSecrets(parseRecord({ input: [input] }, stored), stored))).toBe(false);
});

test("a flag and its value in two arguments are hidden too", () => {
  expect(redactArguments(["-re", "-passphrase", "canary", "-i", "a.mp4"]).join(" ")).toBe(
    "-re -passphrase *** -i a.mp4",
  );
});
