import { expect, test } from "bun:test";
import { lavfiKinds } from "../../../../src/process/source-plan/lavfi.ts";

const cases: [string, boolean, boolean][] = [
  ["testsrc2=size=1280x720:rate=30", true, false],
  ["sine=frequency=440", false, true],
  ["anullsrc=r=48000:cl=stereo", false, true],
  ["testsrc2[out0];sine=frequency=440[out1]", true, true],
  ["color=black, drawtext=text=hi [a]; [a]vflip[out0]; aevalsrc=0[out1]", true, true],
  ["movie=film.mp4:s=dv+da[out0][out1]", true, true],
  ["amovie=sound.mp3", false, true],
  ["", true, false],
];

test.each(cases)("%j makes video %p and sound %p", (graph, video, audio) => {
  expect(lavfiKinds(graph)).toEqual({ video, audio });
});
