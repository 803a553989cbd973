import { expect, test } from "bun:test";
import {
  inputAddressProblem,
  isLocalFile,
  outputAddressProblem,
} from "../../../../src/process/record/address.ts";

const allowed = [
  "rtsp://user:pass@10.0.0.7:554/ch1",
  "rtsps://a/b",
  "rtmp://a/live/key",
  "rtmps://a/live/key",
  "srt://a:9000?mode=caller&passphrase=x",
  "http://a/b.m3u8",
  "HTTPS://a/b.m3u8",
  "hls+http://a/b",
  "rtp://239.0.0.1:5004",
  "udp://@239.0.0.1:5004",
  "tcp://a:1",
  "tls://a:1",
  "file:/srv/film.mp4",
  "/srv/film: part 1.mp4",
  "film.mp4",
  "./a b.mkv",
  "/dev/video0",
];

const hostile = [
  "",
  "   ",
  "-i",
  "-y",
  "--help",
  "-",
  "concat:/etc/passwd|/etc/shadow",
  "concatf:list",
  "subfile,,start,0,end,0,,:/etc/passwd",
  "SUBFILE,,start,0,end,0,,:/etc/passwd",
  "subfile:/etc/passwd",
  "data:text/plain;base64,AAAA",
  "pipe:0",
  "pipe:",
  "fd:3",
  "cache:http://a/b",
  "crypto:file:/etc/passwd",
  "crypto+file:/etc/passwd",
  "async:file:/etc/passwd",
  "md5:/tmp/x",
  "tee:a|b",
  "unix:/run/docker.sock",
  "ftp://a/b",
  "sftp://a/b",
  "gopher://a:25/_x",
  "gophers://a:25/_x",
  "ipfs://a",
  "ipns://a",
  "smb://a/b",
  "mmsh://a/b",
  "icecast://a/b",
  "bluray:/x",
  "libssh://a",
  "amqp://a",
  "zmq:tcp://a",
  "rist://a",
  "prompeg:a",
  "srtp://a",
  "lavfi:testsrc",
  "1a+b-c.d:/etc/passwd",
  "rtsp://a/\nb",
  "rtsp://a/\u0007",
  "javascript:alert(1)",
];

test.each(allowed)("%s may be read", (address) => {
  expect(inputAddressProblem({ address, options: [] })).toBeUndefined();
});

test.each(hostile)("%j is refused", (address) => {
  expect(inputAddressProblem({ address, options: [] })).toBeString();
});

test("a test source needs the options -f lavfi, and the last -f counts", () => {
  const address = "testsrc2=size=1280x720[out0];sine[out1]";
  expect(inputAddressProblem({ address, options: ["-re", "-f", "lavfi"] })).toBeUndefined();
  expect(
    inputAddressProblem({ address: "concat:a", options: ["-f", "lavfi", "-f", "mp4"] }),
  ).toBeString();
  expect(inputAddressProblem({ address: "-testsrc", options: ["-f", "lavfi"] })).toBeString();
});

test("a capture device has a name, not a scheme", () => {
  expect(inputAddressProblem({ address: "hw:0", options: ["-f", "alsa"] })).toBeUndefined();
  expect(inputAddressProblem({ address: "hw:0", options: [] })).toBeString();
});

test("the refusal names the scheme and what is allowed", () => {
  expect(inputAddressProblem({ address: "concat:a", options: [] })).toContain(
    'has the scheme "concat"; allowed: rtsp, rtsps, rtmp',
  );
});

test("an output may be standard output but not an option", () => {
  expect(outputAddressProblem("-")).toBeUndefined();
  expect(outputAddressProblem("-y")).toBeString();
  expect(outputAddressProblem("")).toBeString();
});

test("files are told apart from devices, networks and test sources", () => {
  const isFile = (address: string, options: string[] = []) => isLocalFile({ address, options });
  expect([isFile("/a.mp4"), isFile("file:/a.mp4"), isFile("a.mp4")]).toEqual([true, true, true]);
  expect([isFile("/dev/video0"), isFile("file:///dev/video0")]).toEqual([false, false]);
  expect([isFile("rtsp://a"), isFile("testsrc", ["-f", "lavfi"])]).toEqual([false, false]);
});
