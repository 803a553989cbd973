import { describe, expect, test } from "bun:test";
import { readConfiguration } from "../../../src/cli/configuration.ts";

const camera = {
  id: "cam",
  input: [{ id: "in", address: "rtsp://user:c4n4ry@cam.example.org/live", options: [] }],
  output: [],
  webrtc: { enabled: true },
};

function read(processes: unknown) {
  return readConfiguration(undefined, { CORE_PROCESSES: JSON.stringify(processes) });
}

function problems(processes: unknown): string {
  const result = read(processes);
  return "problems" in result ? result.problems.join("\n") : "";
}

describe("configuration with its processes", () => {
  test("says what FFmpeg may not open, but leaves references to the server", () => {
    const output = [{ id: "out", address: "/etc/x.ts" }];
    const input = [{ id: "in", address: "#elsewhere:output=out" }];
    expect(problems([{ id: "cam", input, output }])).toContain(
      "processes[0] (environment variable CORE_PROCESSES): the address for output '#cam:out' is invalid: /etc/x.ts is not inside of",
    );
    const stdout = [{ id: "out", address: "-", options: ["-f", "null"] }];
    expect(read([{ id: "cam", input, output: stdout }])).toHaveProperty("records");
  });

  test("gives the records of the processes", () => {
    const result = read([camera]);
    if ("problems" in result) throw new Error(result.problems.join("\n"));
    expect(result.records.map(({ id }) => id)).toEqual(["cam"]);
  });

  test("names the process and field of each record that is wrong, not only of the first", () => {
    const text = problems([
      { ...camera, autostart: "yes" },
      { ...camera, id: 5 },
    ]);
    expect(text).toContain("processes[0] (environment variable CORE_PROCESSES): autostart");
    expect(text).toContain("processes[1] (environment variable CORE_PROCESSES): id");
  });

  test("says what is wrong without the passwords, wherever a long value is cut", () => {
    const url = `rtsp://administrator:${"c4n4ry".repeat(20)}@cam.example.org/live`;
    const input = [{ id: "in", address: `rtsp://u:c4n4ry x@cam/1`, options: [] }];
    for (const processes of [
      [{ ...camera, options: `-i ${url}` }],
      [{ ...camera, options: [url.replace("rtsp", "gopher")] }],
      [{ ...camera, input }],
      url,
    ]) {
      const text = problems(processes);
      expect(text).toContain("CORE_PROCESSES");
      expect(text).not.toContain("c4n4ry");
    }
    const broken = readConfiguration(undefined, { CORE_PROCESSES: `[{"input": "${url}"` });
    expect(JSON.stringify(broken)).toContain("found a value that is not shown");
    expect(JSON.stringify(broken)).not.toContain("c4n4ry");
  });

  test("refuses an id that is used twice", () => {
    expect(problems([camera, camera])).toContain(
      'processes[1].id (environment variable CORE_PROCESSES): found "cam" a second time',
    );
  });

  test("shows no credentials in a problem", () => {
    const text = problems([{ ...camera, input: [{ id: "in", address: ["rtsp://u:c4n4ry@h"] }] }]);
    expect(text).not.toBe("");
    expect(text).not.toContain("c4n4ry");
    const setting = readConfiguration(undefined, { CORE_ADDRESS: "http://u:c4n4ry@h:80" });
    expect(setting).toMatchObject({ problems: [expect.stringContaining("http://***@h:80")] });
  });

  test("warns of fields that a process does not have, with the nearest name", () => {
    const result = read([
      {
        ...camera,
        autostrat: false,
        AutoStart: true,
        webrtc: { enable: true },
        output: [{ id: "o", address: "rtmp://h/x", option: [] }],
      },
    ]);
    expect(result).toMatchObject({
      warnings: [
        "processes[0].output[0].option is no field of a process and is ignored; did you mean options?",
        "processes[0].webrtc.enable is no field of a process and is ignored; did you mean enabled?",
        "processes[0].autostrat is no field of a process and is ignored; did you mean autostart?",
      ],
    });
  });

  test("passes on the problems of the settings", () => {
    const result = readConfiguration(undefined, { CORE_ADDRESS: "nowhere" });
    expect(result).toMatchObject({ problems: [expect.stringContaining("CORE_ADDRESS")] });
  });
});
