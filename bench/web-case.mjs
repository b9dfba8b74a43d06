// @ts-check

/**
 * One request, and how it is sent.
 * @typedef {object} WebCase
 * @property {string} title
 * @property {string} operation what is counted
 * @property {string} path
 * @property {string | undefined} file below the root: the body of the answer; without it, a text of the servers
 * @property {"browser" | "short"} fields of the request: those of a browser, or Host and Accept
 * @property {200 | 304} status 304: the request has the server's own entity tag
 * @property {number} connections each kept alive
 * @property {number} depth so many requests in one write, then all the answers
 * @property {readonly string[]} rivals
 * @property {readonly import("./case.mjs").Goal[]} goals
 */

const NGINX = ["nginx-nopush", "nginx-sendfile", "nginx-write"];
const FILE_RIVALS = ["web", ...NGINX, "sirv"];

/** @type {Pick<WebCase, "path" | "file" | "fields" | "status" | "depth" | "rivals">} */
const PAGE = { path: "/page.html", file: "page.html", fields: "short", status: 200, depth: 1, rivals: FILE_RIVALS };
const ONE_GET = "one GET and its answer, one in flight on each connection";

/**
 * @param {number} most
 * @returns {import("./case.mjs").Goal}
 */
const ofNginx = (most) => ({ rival: "web", base: "nginx", most });

/** @type {ReadonlyMap<string, WebCase>} */
export const WEB_CASES = new Map([
  [
    "small-50",
    {
      ...PAGE,
      title: "A file of 1.4 KB, 50 connections",
      operation: ONE_GET,
      connections: 50,
      goals: [ofNginx(0.95), { rival: "web", base: "sirv", most: 0.1 }],
    },
  ],
  [
    "small-1000",
    {
      ...PAGE,
      title: "A file of 1.4 KB, 1 000 connections",
      operation: ONE_GET,
      connections: 1000,
      goals: [ofNginx(0.95)],
    },
  ],
  [
    "browser-50",
    {
      ...PAGE,
      title: "A file of 1.4 KB, with the head of a browser, 50 connections",
      operation: `${ONE_GET}; the request has the fields of Chrome`,
      fields: "browser",
      connections: 50,
      goals: [ofNginx(1.05)],
    },
  ],
  [
    "pipelined-50",
    {
      ...PAGE,
      title: "A file of 1.4 KB, sixteen requests pipelined, 50 connections",
      operation: "one GET of sixteen that came in one piece, and its answer",
      depth: 16,
      connections: 50,
      goals: [ofNginx(0.35)],
    },
  ],
  [
    "not-modified-50",
    {
      ...PAGE,
      title: "304 for a file of 1.4 KB, 50 connections",
      operation:
        "one GET with If-None-Match, the server's own entity tag, and its 304, one in flight on each connection",
      status: 304,
      connections: 50,
      goals: [ofNginx(1.05)],
    },
  ],
  [
    "file-64k",
    {
      ...PAGE,
      title: "A file of 64 KiB, 50 connections",
      operation: ONE_GET,
      path: "/64k.bin",
      file: "64k.bin",
      connections: 50,
      goals: [ofNginx(1.2)],
    },
  ],
  [
    "file-256k",
    {
      ...PAGE,
      title: "A file of 256 KiB, 20 connections",
      operation: ONE_GET,
      path: "/256k.bin",
      file: "256k.bin",
      connections: 20,
      goals: [ofNginx(1.2)],
    },
  ],
  [
    "file-100m",
    {
      ...PAGE,
      title: "A file of 100 MiB, 4 connections",
      operation: ONE_GET,
      path: "/100m.bin",
      file: "100m.bin",
      connections: 4,
      goals: [ofNginx(1.1)],
    },
  ],
  [
    "template-50",
    {
      ...PAGE,
      title: "A page of a template against a file of the same 1.4 KB, 50 connections",
      operation: `${ONE_GET}; the page has a value of the request's query`,
      connections: 50,
      rivals: ["web", "web-template", "web-rendered"],
      goals: [{ rival: "web-template", base: "web", most: 1.4 }],
    },
  ],
  [
    "bridge-50",
    {
      ...PAGE,
      title: "A listener of `node:http`, 50 connections",
      operation: `${ONE_GET}, \`response.end\` with 13 bytes`,
      file: undefined,
      connections: 50,
      rivals: ["node-http-bridge", "node-http"],
      goals: [{ rival: "node-http-bridge", base: "node-http", most: 0.6 }],
    },
  ],
]);
