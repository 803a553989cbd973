/** The routes of datarhei Core's API besides processes and login. */
import { Elysia } from "elysia";
import { type ConfigRoutesOptions, configRoutes } from "./config.ts";
import { type FsRoutesOptions, fsRoutes } from "./fs.ts";
import { type LogRoutesOptions, logRoutes } from "./log.ts";
import { type MetadataRoutesOptions, metadataRoutes } from "./metadata.ts";
import { type MetricsQueryOptions, metricsQueryRoutes } from "./metrics-query.ts";
import { type SessionRoutesOptions, sessionRoutes } from "./session.ts";
import { type SkillsRoutesOptions, skillsRoutes } from "./skills.ts";

export interface CoreRoutesOptions {
  readonly metadata: MetadataRoutesOptions;
  readonly log: LogRoutesOptions;
  readonly skills: SkillsRoutesOptions;
  readonly config: ConfigRoutesOptions;
  readonly disk: FsRoutesOptions;
  readonly monitor: MetricsQueryOptions;
  readonly viewing: SessionRoutesOptions["viewing"];
}

export function coreRoutes(
  options: CoreRoutesOptions,
  processes: SessionRoutesOptions["processes"],
) {
  return new Elysia({ name: "core" })
    .use(metadataRoutes(options.metadata))
    .use(logRoutes(options.log))
    .use(skillsRoutes(options.skills))
    .use(configRoutes(options.config))
    .use(fsRoutes(options.disk))
    .use(metricsQueryRoutes(options.monitor))
    .use(sessionRoutes({ viewing: options.viewing, processes }));
}
