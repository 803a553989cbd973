/** The routes of datarhei Core's API besides processes and login. */
import { Elysia } from "elysia";
import { type ConfigRoutesOptions, configRoutes } from "./config.ts";
import { type FsRoutesOptions, fsRoutes } from "./fs.ts";
import { type LogRoutesOptions, logRoutes } from "./log.ts";
import { type MetadataRoutesOptions, metadataRoutes } from "./metadata.ts";
import { type SkillsRoutesOptions, skillsRoutes } from "./skills.ts";

export interface CoreRoutesOptions {
  readonly metadata: MetadataRoutesOptions;
  readonly log: LogRoutesOptions;
  readonly skills: SkillsRoutesOptions;
  readonly config: ConfigRoutesOptions;
  readonly disk: FsRoutesOptions;
}

export function coreRoutes(options: CoreRoutesOptions) {
  return new Elysia({ name: "core" })
    .use(metadataRoutes(options.metadata))
    .use(logRoutes(options.log))
    .use(skillsRoutes(options.skills))
    .use(configRoutes(options.config))
    .use(fsRoutes(options.disk));
}
