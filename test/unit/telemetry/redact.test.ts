import { describe, expect, test } from "bun:test";
import { redact } from "../../../src/telemetry/redact.ts";

const CANARY = "c4n4rySecret";

describe("redact", () => {
  test.each([
    [
      `rtsp://user:${CANARY}@cam.lan/stream: Connection refused`,
      "rtsp://***@cam.lan/stream: Connection refused",
    ],
    [`rtsp://user:p@${CANARY}@cam.lan/x`, "rtsp://***@cam.lan/x"],
    [`rtsp://user:a/${CANARY}@cam.lan/x`, "rtsp://***@cam.lan/x"],
    [`rtsp://:${CANARY}@cam.lan`, "rtsp://***@cam.lan"],
    [`'rtsp://user:it's${CANARY}@cam.lan/x':`, "'rtsp://***@cam.lan/x':"],
    [`rtsp://user:a"<b>${CANARY}@cam.lan/x`, "rtsp://***@cam.lan/x"],
    [`https://${CANARY}@cam.lan/x`, "https://***@cam.lan/x"],
    [`'rtsp://a:${CANARY}@b' to 'rtsp://c:${CANARY}@d'`, "'rtsp://***@b' to 'rtsp://***@d'"],
  ])("hides the credentials of a URL: %p", (line, shown) => {
    expect(redact(line)).toBe(shown);
  });

  test.each([
    [`https://h/x?token=${CANARY}&a=1`, "https://h/x?token=***&a=1"],
    [`https://h/x?a=1&API_KEY=${CANARY}#f`, "https://h/x?a=1&API_KEY=***"],
    [`srt://h:9?passphrase=${CANARY}&mode=caller`, "srt://h:9?passphrase=***&mode=caller"],
    [`http://cam/v?loginuse=admin&loginpas=${CANARY}`, "http://cam/v?loginuse=admin&loginpas=***"],
    [`http://cam/v?usr=admin&pw=${CANARY}`, "http://cam/v?usr=admin&pw=***"],
    [`Cookie: session=${CANARY}; a=${CANARY}\r\nX: 1`, "Cookie: ***\r\nX: 1"],
    [`-headers X-Api-Key: ${CANARY}`, "-headers X-Api-Key: ***"],
    [`-cookies session=${CANARY} -i in`, "-cookies *** -i in"],
    [`Authorization: Token ${CANARY}`, "Authorization: ***"],
    [`x password=${CANARY} y`, "x password=*** y"],
    [`/go?url=rtsp%3A%2F%2Fu%3A${CANARY}%40h&b=1`, "/go?url=rtsp%3A%2F%2F***%40h&b=1"],
    [`ffmpeg -passphrase ${CANARY} -i in`, "ffmpeg -passphrase *** -i in"],
    [`["-passphrase","${CANARY}","-i"]`, '["-passphrase","***","-i"]'],
    [`- -passphrase\n      - "${CANARY}"\n`, '- -passphrase\n      - "***"\n'],
    [`Authorization: Bearer ${CANARY}`, "Authorization: ***"],
    [`got bearer ${CANARY} instead`, "got bearer *** instead"],
    [`{"access_token":"${CANARY}","name":"x"}`, '{"access_token":"***","name":"x"}'],
    [`{\\"password\\": \\"${CANARY}\\"}`, '{\\"password\\": \\"***\\"}'],
  ])("hides the value of a secret parameter: %p", (line, shown) => {
    expect(redact(line)).toBe(shown);
  });

  test.each([
    "frame=  30 fps= 30 q=23.0 size=1KiB time=00:00:01.00 keyframe=3",
    "http://host:8080/path@2x.png",
    "ffmpeg -g 30 -keyint_min 30 -force_key_frames expr:1",
    '["-keyint_min","30","-an","-f"]',
    "the key is missing, authorization required",
    '{"url":"http://host:8080","mail":"a:b@c"}',
    '["rtsp://host","a:b@c"]',
    "X-Key-Frames: 3",
    "mail to someone@example.org",
  ])("leaves ordinary text as it is: %p", (line) => {
    expect(redact(line)).toBe(line);
  });

  test("reads a line full of half-finished triggers in time linear to its length", () => {
    for (const unit of [
      "a",
      "://",
      "://a:b",
      "key ",
      "-key ",
      "token=",
      '"key"',
      "bearer ",
      "%3A%2F%2F",
    ]) {
      const short = elapsed(unit.repeat(10_000));
      // The best of three: the machine may stand still in one.
      const long = Math.min(...[1, 2, 3].map(() => elapsed(unit.repeat(200_000))));
      // 20 times the text: quadratic would be 400 times the work. The floor absorbs timer noise.
      expect(long).toBeLessThan(Math.max(short, 10) * 100);
    }
  });

  test("never throws and never shows the canary, whatever surrounds it", () => {
    let state = 20260101;
    const random = (below: number): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state % below;
    };
    const noise = ["/", "?", "&", " ", '"', "'", "%", "\n", "a", "1", "=", "-", "\u0000", "é"];
    for (let round = 0; round < 5000; round += 1) {
      const around = (): string =>
        Array.from({ length: random(6) }, () => noise[random(noise.length)]).join("");
      expect(redact(`${around()} rtsp://u:${CANARY}@h${around()}`)).not.toContain(CANARY);
    }
  });
});

function elapsed(text: string): number {
  const startMs = performance.now();
  redact(text);
  return performance.now() - startMs;
}
