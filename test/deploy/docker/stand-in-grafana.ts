/**
 * Stands for Grafana where its image cannot be had: answers what validate.sh asks, from the files and variables that
 * the bundle gives to the container. It draws nothing.
 */
import { readdirSync, readFileSync } from "node:fs";

const PROVISIONING = "/etc/grafana/provisioning";
const PASSWORD = process.env["GF_SECURITY_ADMIN_PASSWORD"] ?? "";
const LOGIN = `Basic ${Buffer.from(`admin:${PASSWORD}`).toString("base64")}`;

const read = (folder: string) =>
  readdirSync(folder).map((name) => readFileSync(`${folder}/${name}`, "utf8"));
/** The value of a key in the provisioned YAML. */
const provisioned = (kind: string, key: string) =>
  new RegExp(`^ *${key}: (\\S+)$`, "m").exec(read(`${PROVISIONING}/${kind}`).join("\n"))?.[1] ?? "";

const dashboards = read(provisioned("dashboards", "path")).map((text) => JSON.parse(text));
const proxy = `/api/datasources/proxy/uid/${provisioned("datasources", "uid")}`;
const prometheus = provisioned("datasources", "url");

Bun.serve({
  port: 3000,
  fetch: (request) => {
    const { pathname, search } = new URL(request.url);
    if (pathname === "/api/health") return Response.json({ database: "ok" });
    if (request.headers.get("authorization") !== LOGIN) return new Response("", { status: 401 });
    if (pathname.startsWith(`${proxy}/`)) {
      return fetch(prometheus + pathname.slice(proxy.length) + search);
    }
    const uid = pathname.replace("/api/dashboards/uid/", "");
    const dashboard = dashboards.find((one) => one.uid === uid);
    return dashboard ? Response.json({ dashboard }) : new Response("", { status: 404 });
  },
});
