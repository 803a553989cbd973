/** Writes the table of settings into README.md, from the schema: `bun run docs:config`. */

import { describeConfig } from "../src/config/describe.ts";

const BEGIN = "<!-- settings: written by `bun run docs:config` -->";
const END = "<!-- end of settings -->";

const path = new URL("../README.md", import.meta.url).pathname;
const text = await Bun.file(path).text();
const begin = text.indexOf(BEGIN);
const end = text.indexOf(END);
if (begin < 0 || end < begin) throw new Error(`README.md has lost its marks ${BEGIN} and ${END}`);
const before = text.slice(0, begin + BEGIN.length);
await Bun.write(path, `${before}\n\n${describeConfig()}\n\n${text.slice(end)}`);
