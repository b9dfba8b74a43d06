// @ts-check
// The files of a folder, and pages of templates.
// Usage: web.mjs ROOT OPTIONS           the options of web() as JSON
//        web.mjs ROOT OPTIONS rendered  the same, but that each page is made for each request
import { serve } from "sockwright/server";
import { web } from "sockwright/services/web";

const [root = ".", json = "{}", mode] = process.argv.slice(2);
const { vars, ...options } = JSON.parse(json);
const server = await serve(
  "tcp://127.0.0.1:0",
  web(root, mode === "rendered" ? { ...options, variables: () => vars } : { ...options, vars }),
);
console.log(new URL(server.urls[0] ?? "").port);
