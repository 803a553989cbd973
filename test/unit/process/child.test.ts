import { expect, test } from "bun:test";
import { childCommand, childEnvironment } from "../../../src/process/child.ts";

test("FFmpeg gets the paths it needs and none of the server's secrets", () => {
  const environment = {
    ...{ PATH: "/bin", HOME: "/root", CORE_API_TOKEN: "canary", http_proxy: "http://u:canary@p" },
    ...{ AWS_SECRET_ACCESS_KEY: "canary", LANG: undefined },
  };
  expect(childEnvironment(environment)).toEqual({ PATH: "/bin", HOME: "/root" });
});

test("with setpriv the child dies with the server", () => {
  const options = { binary: "ffmpeg", environment: {} };
  expect(childCommand({ ...options, setpriv: "/usr/bin/setpriv" }, ["-y"])).toEqual([
    ...["/usr/bin/setpriv", "--pdeathsig", "KILL", "--", "ffmpeg", "-y"],
  ]);
  expect(childCommand({ ...options, setpriv: undefined }, ["-y"])).toEqual(["ffmpeg", "-y"]);
});
