/** /api/v3/skills: what the installed FFmpeg can do. */
import { Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import type { FfmpegSkills } from "../../process/skills.ts";
import { operation } from "../documentation.ts";
import { JSON_TYPE, sendJson } from "../json.ts";

export type SkillsRoutesOptions = Pick<FfmpegSkills, "get" | "reload">;

const PATH = "/api/v3/skills";

export function skillsRoutes(skills: SkillsRoutesOptions) {
  return new Elysia({ name: "skills" })
    .get(PATH, async ({ set }) => sendJson(set, await skills.get()), { detail: getDetail })
    .get(`${PATH}/reload`, async ({ set }) => sendJson(set, await skills.reload()), {
      detail: reloadDetail,
    });
}

const Named = { id: Type.String(), name: Type.String() };
const NamedList = Type.Array(Type.Object(Named));
const names = Type.Union([Type.Array(Type.String()), Type.Null()]);
const CodecList = Type.Array(Type.Object({ ...Named, encoders: names, decoders: names }));
const DeviceList = Type.Array(
  Type.Object({
    ...Named,
    devices: Type.Array(Type.Object({ ...Named, extra: Type.String(), media: Type.String() })),
  }),
);

const SkillsSchema = Type.Object({
  ffmpeg: Type.Object({
    version: Type.String(),
    compiler: Type.String(),
    configuration: Type.String(),
    libraries: Type.Array(
      Type.Object({ name: Type.String(), compiled: Type.String(), linked: Type.String() }),
    ),
  }),
  filter: NamedList,
  hwaccels: NamedList,
  codecs: Type.Object({ audio: CodecList, video: CodecList, subtitle: CodecList }),
  devices: Type.Object({ demuxers: DeviceList, muxers: DeviceList }),
  formats: Type.Object({ demuxers: NamedList, muxers: NamedList }),
  protocols: Type.Object({ input: NamedList, output: NamedList }),
});

const vp8 = { id: "vp8", name: "On2 VP8", encoders: ["libvpx"], decoders: ["vp8", "libvpx"] };
const file = { id: "file", name: "file" };
const answers = {
  200: {
    description: "The skills.",
    type: JSON_TYPE,
    schema: SkillsSchema,
    example: {
      ffmpeg: { version: "7.1.1", compiler: "gcc 14", configuration: "", libraries: [] },
      filter: [
        { id: "scale", name: "Scale the input video size and/or convert the image format." },
      ],
      hwaccels: [{ id: "vaapi", name: "vaapi" }],
      codecs: { audio: [], video: [vp8], subtitle: [] },
      devices: { demuxers: [], muxers: [] },
      formats: { demuxers: [{ id: "rtsp", name: "RTSP input" }], muxers: [] },
      protocols: { input: [file], output: [file] },
    },
  },
};
const common = {
  tag: "Server",
  answers,
  problems: ["unauthorized", "forbidden", "ffmpeg-unavailable"],
  access: "admin",
} as const;

const getDetail = operation({
  ...common,
  summary: "Get what FFmpeg can do",
  description: "FFmpeg is asked once, which takes a few seconds.",
});

const reloadDetail = operation({
  ...common,
  summary: "Ask FFmpeg again what it can do",
  description: "For instance after it was replaced, or a camera was plugged in.",
});
