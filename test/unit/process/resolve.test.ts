/** What FFmpeg is given of a record: only addresses and options that the rules of access let pass. */
import { describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ProcessInvalid } from "../../../src/errors/process.ts";
import type { AccessRules } from "../../../src/process/access/rules.ts";
import { type ProcessRecord, parseRecord } from "../../../src/process/record.ts";
import { resolveRecord } from "../../../src/process/resolve.ts";
import { accessRules } from "./fakes.ts";

function record(more: object = {}): ProcessRecord {
  return parseRecord({
    id: "cam",
    reference: "ref",
    input: [{ id: "in", address: "rtsp://cam/1" }],
    output: [{ id: "out", address: "-", options: ["-f", "null"] }],
    ...more,
  });
}

function resolved(more: object, rules: Partial<AccessRules> = {}, others: ProcessRecord[] = []) {
  const find = (id: string) => others.find((one) => one.id === id);
  return resolveRecord(record(more), { rules: { ...accessRules, ...rules }, find });
}

function problems(more: object, rules: Partial<AccessRules> = {}, others: ProcessRecord[] = []) {
  try {
    resolved(more, rules, others);
    return [];
  } catch (error) {
    if (error instanceof ProcessInvalid) return error.details;
    throw error;
  }
}

const output = (address: string, options: string[] = []) => ({
  output: [{ id: "o", address, options }],
});
const input = (address: string, options: string[] = []) => ({
  input: [{ id: "i", address, options }],
});

describe("outputs", () => {
  test.each([
    ["-", "pipe:"],
    ["data/x.ts", "file:/core/data/x.ts"],
    ["/core/data/a/../x.ts", "file:/core/data/x.ts"],
    ["file:/core/data/x.ts", "file:/core/data/x.ts"],
    ["file:///core/data/x.ts", "file:/core/data/x.ts"],
    ["/dev/null", "file:/dev/null"],
    ["{diskfs}/{processid}-{outputid}.m3u8", "file:/core/data/cam-o.m3u8"],
    ["{fs:disk}/{reference}.ts", "file:/core/data/ref.ts"],
    ["rtmp://h/live/{reference}", "rtmp://h/live/ref"],
    ["udp://@239.0.0.1:1234?ttl=2", "udp://@239.0.0.1:1234?ttl=2"],
  ])("%p is written to as %p", (address, expected) => {
    expect(resolved(output(address)).output[0]?.address).toBe(expected);
  });

  test.each([
    "/etc/passwd",
    "data/../config/dragonfork.sqlite",
    "/core/database/x",
    "file:file:/core/data/x",
    "file:../x",
    "FILE:/etc/passwd",
    "/dev/sda",
    "/dev/shm/x",
    "/dev/null/../../etc/passwd",
    "md5:/etc/x",
    "crypto:file:/core/data/x",
    "unix:/run/docker.sock",
    "fd:3",
    "pipe:3",
    "concat:/core/data/x",
    "tee:/etc/x",
    "rtmp://bad host/x",
    "rtmp://host:99999/x",
    "{memfs}/x.ts",
    "{diskfs}/../x.ts",
  ])("%p is refused", (address) => {
    expect(problems(output(address))).toHaveLength(1);
  });

  test("an id that goes up doesn't lead out by its placeholder", () => {
    const more = { id: "../../etc/x", ...output("{diskfs}/{processid}.ts") };
    expect(problems(more)[0]).toContain("/etc/x.ts is not inside of /core/data");
  });

  test("each address of a tee is checked and made absolute", () => {
    const tee = ["-f", "tee"];
    expect(resolved(output("[f=hls]data/x.m3u8|[f=flv]rtmp://h/y", tee)).output[0]?.address).toBe(
      "[f=hls]file:/core/data/x.m3u8|[f=flv]rtmp://h/y",
    );
    for (const address of [
      "data/x|/etc/y",
      "data/x|.'.'/y",
      "[f=hls:hls_segment_filename=/etc/y]data/x",
      "[f=tee]data/x\\|/etc/y",
      "[f=hls:a=']']/etc/x",
    ]) {
      expect({ address, count: problems(output(address, tee)).length }).toEqual({
        address,
        count: 1,
      });
    }
  });

  test("lists of the operator apply to what is written", () => {
    const rules = { output: { allow: [/^file:/, /^rtmp:/], block: [/secret/] } };
    expect(problems(output("data/x.ts"), rules)).toEqual([]);
    expect(problems(output("rtmp://h/x"), rules)).toEqual([]);
    expect(problems(output("rtmp://h/secret"), rules)).toEqual([
      "the address for output '#cam:o' is invalid: address is not allowed",
    ]);
    expect(problems(output("srt://h:1"), rules)).toHaveLength(1);
  });
});

describe("options that would write past the outputs", () => {
  test.each([
    [["-c", "copy", "/etc/x.ts", "-f", "null"]],
    [["-y", "/etc/x.ts"]],
    [["-nostats", "/etc/x.ts"]],
    [["-copyinkf:v", "/etc/x.ts"]],
    [["--", "/etc/x.ts"]],
    [["-hls_segment_filename", "/etc/%d.ts"]],
    [["-hls_fmp4_init_filename", "../../etc/init.mp4"]],
    [["-passlogfile", "/etc/x"]],
    [["-progress", "/etc/x"]],
    [["-dump_attachment:t", "/etc/x"]],
    [["-vstats"]],
    [["-report"]],
    [["-x264-params", "keyint=50:stats=/etc/x"]],
    [["-f", "fifo", "-format_opts", "hls_segment_filename=/etc/x"]],
    [["-vf", "metadata=mode=print:file=/etc/x"]],
    [["-vf", "meta\\data=mode=print:fi'l'e=/etc/x"]],
    [["-filter_complex", "[0:v]split[a][b];[a][b]psnr=/etc/x"]],
    [["-af", "ladspa=file=/core/data/evil.so"]],
    [["-vf", "zmq"]],
    [["-/filter_complex", "/core/data/graph"]],
    [["-filter_complex_script", "graph"]],
  ])("%p are refused", (options) => {
    expect(problems(output("-", options))).toHaveLength(1);
    expect(problems({ options })).toHaveLength(1);
    expect(problems(input("rtsp://cam/1", options))).toHaveLength(1);
  });

  test.each([
    ...["y", "n", "re", "an", "vn", "sn", "dn", "copyts", "shortest", "bitexact", "copyinkf"],
    ...["autorotate", "noautorotate", "accurate_seek", "nostdin", "stats", "hide_banner", "xerror"],
    ...["start_at_zero", "ignore_unknown", "find_stream_info", "autoscale:v", "fix_sub_duration"],
  ])("-%s takes no value, so what follows it is an output", (flag) => {
    expect(problems(output("-", [`-${flag}`, "/etc/x.ts"]))).toHaveLength(1);
  });

  test.each([
    [["-map", "0:v", "-c:v", "libx264", "-preset", "ultrafast", "-f", "null"]],
    [["-an", "-y", "-re", "-metadata", "title=a/b", "-aspect", "16/9"]],
    [["-hls_segment_filename", "data/x_%04d.ts", "-hls_time", "2"]],
    [["-hls_segment_filename", "{diskfs}/x_%04d.ts"]],
    [["-vf", "scale=iw/2:-2,drawtext=text='a, b'"]],
    [["-filter_complex", "[0:v]metadata=mode=add:key=a:value=b[x]", "-map", "[x]"]],
    [["-progress", "pipe:1", "-x264-params", "keyint=50:scenecut=0"]],
    [["-headers", "Authorization: Bearer /a", "-nostats"]],
  ])("%p are not", (options) => {
    expect(problems(output("-", options))).toEqual([]);
  });
});

describe("inputs", () => {
  test.each(["rtsp://bad host/x", "rtsp://cam:port/x", "http://[::1/x"])(
    "the host of %p is no host",
    (address) => {
      expect(problems(input(address))).toHaveLength(1);
    },
  );

  test("a refused address is shown without its password", () => {
    expect(problems(input("rtsp://u:canary@bad host/x")).join()).not.toContain("canary");
  });

  test("no filter and no option reads the folder with the server's secrets", () => {
    const folder = mkdtempSync(join(tmpdir(), "resolve-"));
    const rules = { workingFolder: folder, databaseFolder: join(folder, "db") };
    try {
      mkdirSync(join(folder, "db"));
      writeFileSync(join(folder, "db", "admin-token"), "canary");
      writeFileSync(join(folder, "title.txt"), "Camera 1");
      symlinkSync(join(folder, "db", "admin-token"), join(folder, "link"));
      const graph = (text: string) => problems(input(text, ["-f", "lavfi"]), rules);
      const option = (...list: string[]) => problems(output("data/x.ts", list), rules);
      for (const path of [
        "db/admin-token",
        `${folder}/db/admin-token`,
        "link",
        "./d'b'/admin-token",
      ]) {
        expect(graph(`testsrc,drawtext=fontsize=20:textfile=${path}:x=1`)[0], path).toContain(
          "keeps its secrets",
        );
        expect(option("-vf", `drawtext=textfile=${path}`)[0], path).toContain("keeps its secrets");
      }
      expect(graph("movie=db/admin-token:format_name=rawvideo")[0]).toContain("keeps its secrets");
      expect(option("-attach", "db/admin-token")[0]).toContain("keeps its secrets");
      expect(graph("testsrc,drawtext=textfile=title.txt:text=db")).toEqual([]);
      expect(graph(`testsrc,drawtext=text=title.txt/${"x".repeat(5000)}`)).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("FFmpeg does not read the folder with the server's secrets", () => {
    for (const address of ["/core/config/admin-token", "file:config/x", "data/../config/x"]) {
      expect(problems(input(address))[0]).toContain("keeps its secrets");
    }
    expect(problems(input("/srv/film.mp4"))).toEqual([]);
  });

  test("lists of the operator see the path that is opened", () => {
    const rules = { input: { allow: [/^\/srv\//, /^rtsp:/], block: [/\/private\//] } };
    const allowed = (address: string, options: string[] = []) =>
      problems(input(address, options), rules).length === 0;
    expect(allowed("/srv/film.mp4")).toBe(true);
    expect(allowed("rtsp://cam/1")).toBe(true);
    expect(allowed("/srv/private/film.mp4")).toBe(false);
    expect(allowed("/srv/../etc/passwd")).toBe(false);
    expect(allowed("/etc/passwd")).toBe(false);
    expect(allowed("http://cam/1")).toBe(false);
    expect(allowed("/srv/list", ["-f", "concat", "-safe", "0"])).toBe(false);
    expect(allowed("rtsp://cam/1", ["-vf", "movie=/etc/x[a];[in][a]overlay"])).toBe(false);
  });
});

describe("references to outputs of other processes", () => {
  const other = parseRecord({
    id: "a:b",
    reference: "other",
    input: [{ id: "i", address: "rtsp://cam/1" }],
    output: [
      { id: "file", address: "{diskfs}/{reference}.ts" },
      { id: "net", address: "udp://127.0.0.1:5000" },
      { id: "nowhere", address: "-", options: ["-f", "null"] },
    ],
  });
  const address = (text: string) => resolved(input(text), {}, [other]).input[0]?.address;

  test("become the address that the other process writes to", () => {
    expect(address("#a:b:output=net")).toBe("udp://127.0.0.1:5000");
    expect(address("#a:b:output=file")).toBe("file:/core/data/other.ts");
    expect(address("#a:b:output=nowhere")).toBe("pipe:");
  });

  test("that lead nowhere are refused in Core's words", () => {
    const told = (text: string) => problems(input(text), {}, [other]);
    expect(told("#cam:output=o")).toEqual([
      "reference error for '#cam:i': self-reference not possible (#cam:output=o)",
    ]);
    expect(told("#nope:output=o")).toEqual([
      "reference error for '#cam:i': unknown process 'nope' (#nope:output=o)",
    ]);
    expect(told("#a:b:output=o")).toEqual([
      "reference error for '#cam:i': the process 'a:b' has no outputs with the ID 'o' (#a:b:output=o)",
    ]);
    expect(told("#a:b")).toEqual(["reference error for '#cam:i': invalid format (#a:b)"]);
  });
});

test("braces that are no placeholder stay, and ^ escapes", () => {
  const options = ["-metadata", "a={x}", "-metadata", "b={reference^e}"];
  expect(resolved({ options }).options).toEqual(["-metadata", "a={x}", "-metadata", "b=r\\ef"]);
});
