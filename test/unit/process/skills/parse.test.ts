import { describe, expect, test } from "bun:test";
import {
  parseCodecs,
  parseFilters,
  parseFormats,
  parseHwaccels,
  parseProtocols,
  parseVersion,
} from "../../../../src/process/skills/parse.ts";

describe("what FFmpeg says of itself", () => {
  test("its version has three numbers, whatever a distribution puts behind them", () => {
    const version = (text: string) => parseVersion([`ffmpeg version ${text} Copyright`]).version;
    expect(version("5.1.9-0+deb12u1")).toBe("5.1.9");
    expect(version("8.0")).toBe("8.0.0");
    expect(version("n7.1.1-2-g1234")).toBe("7.1.1");
    expect(version("N-117-g12")).toBe("");
  });

  test("its libraries, with the version it was built and is linked with", () => {
    const { compiler, configuration, libraries } = parseVersion([
      "  built with gcc 12 (Debian)",
      "  configuration: --enable-gpl",
      "  libavutil      57. 28.100 / 57. 28.101",
    ]);
    expect([compiler, configuration]).toEqual(["gcc 12 (Debian)", "--enable-gpl"]);
    expect(libraries).toEqual([
      { name: "libavutil", compiled: "57. 28.100", linked: "57. 28.101" },
    ]);
  });

  test("codecs, with the coders where they have other names", () => {
    const codecs = parseCodecs([
      " D..... = Decoding supported",
      " DEV.LS h264                 H.264 / AVC (decoders: h264 h264_qsv ) (encoders: libx264 )",
      " D.VI.S 012v                 Uncompressed 4:2:2 10-bit",
      " ..A.L. 4gv                  4GV (Fourth Generation Vocoder)",
      " DES... ass                  ASS (Advanced SSA) subtitle (decoders: ssa ass ) (encoders: ssa ass )",
      " D.D... klv                  SMPTE 336M",
    ]);
    expect(codecs).toEqual({
      audio: [
        { id: "4gv", name: "4GV (Fourth Generation Vocoder)", encoders: null, decoders: null },
      ],
      video: [
        { id: "h264", name: "H.264 / AVC", encoders: ["libx264"], decoders: ["h264", "h264_qsv"] },
        { id: "012v", name: "Uncompressed 4:2:2 10-bit", encoders: null, decoders: ["012v"] },
      ],
      subtitle: [
        {
          id: "ass",
          name: "ASS (Advanced SSA) subtitle",
          encoders: ["ssa", "ass"],
          decoders: ["ssa", "ass"],
        },
      ],
    });
  });

  test.each([
    ["5", " D. = Demuxing supported", " D  aac", " DE alsa", " D  libcdio          "],
    ["7 and 8", " D.. = Demuxing supported", " D   aac", " DEd alsa", " D d libcdio         "],
  ])("formats and devices, as FFmpeg %s marks them", (_version, legend, plain, both, nameless) => {
    const lines = [legend, `${plain}             raw ADTS`, `${both}            ALSA`, nameless];
    expect(parseFormats([...lines, "  E sdl,sdl2        SDL2"])).toEqual({
      demuxers: [
        { id: "aac", name: "raw ADTS" },
        { id: "alsa", name: "ALSA" },
        { id: "libcdio", name: "" },
      ],
      muxers: [
        { id: "alsa", name: "ALSA" },
        { id: "sdl", name: "SDL2" },
      ],
    });
  });

  test("filters, hardware and protocols", () => {
    expect(
      parseFilters([
        "  T.. = Timeline support",
        " ..C acompressor       A->A       Compressor.",
        " TS scale V->V Scale",
      ]),
    ).toEqual([
      { id: "acompressor", name: "Compressor." },
      { id: "scale", name: "Scale" },
    ]);
    expect(parseHwaccels(["Hardware acceleration methods:", "vaapi", ""])).toEqual([
      { id: "vaapi", name: "vaapi" },
    ]);
    expect(
      parseProtocols(["Supported file protocols:", "Input:", "  file", "Output:", "  srt"]),
    ).toEqual({
      input: [{ id: "file", name: "file" }],
      output: [{ id: "srt", name: "srt" }],
    });
    expect([parseHwaccels([]), parseProtocols([])]).toEqual([[], { input: [], output: [] }]);
  });
});
