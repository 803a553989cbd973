/** The API page and the files it loads: Swagger UI, served from this binary. */

import { Elysia } from "elysia";
import swaggerUiCss from "swagger-ui-dist/swagger-ui.css" with { type: "text" };
import swaggerUiPath from "swagger-ui-dist/swagger-ui-bundle.js" with { type: "file" };
import { serveAsset } from "./asset.ts";
import docsJs from "./browser/docs.js" with { type: "text" };
import docsCss from "./docs.css" with { type: "text" };
import docsHtml from "./docs.html" with { type: "text" };

/** `{path}` and `{path}/assets/{name}`. */
export function docsRoutes(path: string): Elysia {
  const app = new Elysia({ name: "docs" });
  serveAsset(app, path, "docs.html", { text: docsHtml });
  serveAsset(app, `${path}/assets/docs.css`, "docs.css", { text: docsCss });
  serveAsset(app, `${path}/assets/docs.js`, "docs.js", { text: docsJs });
  serveAsset(app, `${path}/assets/swagger-ui.css`, "swagger-ui.css", { text: swaggerUiCss });
  serveAsset(app, `${path}/assets/swagger-ui-bundle.js`, "swagger-ui-bundle.js", {
    file: swaggerUiPath,
  });
  return app;
}
