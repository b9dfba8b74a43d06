// @ts-check
import { NGINX_SENDING, nginxVersion, startNginx } from "./nginx.mjs";
import { node, ours } from "./rival.mjs";
import { PAGE_OPTIONS, PAGE_PATH } from "./site.mjs";

/**
 * A server of the web under measurement. `path` is what it is asked for where that is not the path of the case. What is
 * no command that prints its port is started by `start`, on a core.
 * @typedef {{ start: (core: number) => Promise<import("./web-measurement.mjs").WebServer>, version: string }} Startable
 * @typedef {import("./rival.mjs").Prepared | Startable} WebPrepared
 * @typedef {{ name: string, title: string, path?: string, prepare: (root: string) => Promise<WebPrepared> }} WebRival
 */

const WEB = "ours/web.mjs";
const OPTIONS = JSON.stringify(PAGE_OPTIONS);
const PAGE = `${PAGE_PATH}?name=World`;
const NGINX_TITLES = new Map([
  ["nginx-nopush", "nginx, `sendfile on; tcp_nopush on`"],
  ["nginx-sendfile", "nginx, `sendfile on`"],
  ["nginx-write", "nginx, `sendfile off`"],
]);

/** @type {readonly WebRival[]} */
export const WEB_RIVALS = [
  {
    name: "web",
    title: "sockwright/services/web",
    prepare: (root) => ours(WEB, root, OPTIONS),
  },
  {
    name: "web-template",
    title: "sockwright/services/web, a page of a template",
    path: PAGE,
    prepare: (root) => ours(WEB, root, OPTIONS),
  },
  {
    name: "web-rendered",
    title: "sockwright/services/web, the same made for each request (`variables`)",
    path: PAGE,
    prepare: (root) => ours(WEB, root, OPTIONS, "rendered"),
  },
  ...[...NGINX_SENDING].map(([name, sending]) => ({
    name,
    title: NGINX_TITLES.get(name) ?? name,
    prepare: (/** @type {string} */ root) => nginx(root, sending),
  })),
  {
    name: "sirv",
    title: "sirv on `node:http`",
    prepare: (root) => node("rivals/sirv.mjs", root),
  },
  {
    name: "node-http-bridge",
    title: "sockwright/http, `nodeHttp(listener)`",
    prepare: () => ours("ours/node-http.mjs"),
  },
  {
    name: "node-http",
    title: "`node:http` over `node:net`",
    prepare: () => node("rivals/node-http.mjs"),
  },
];

/**
 * @param {string} root
 * @param {string} sending
 * @returns {Promise<WebPrepared>}
 */
async function nginx(root, sending) {
  const version = await nginxVersion();
  if (version === undefined) return { missing: "nginx (apt-get install nginx-light)" };
  return { version, start: (core) => startNginx(root, sending, core) };
}
