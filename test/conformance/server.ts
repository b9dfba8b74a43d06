import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import type { NetConnectOpts } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TestContext } from "vitest";
import { startChild } from "../support/child.ts";
import { requireTool } from "../support/tools.ts";

/** The folders of a server: its own files, and the site. */
interface Place {
  readonly folder: string;
  readonly root: string;
}

/** A web server that receives the requests. */
export interface Server {
  readonly name: string;
  readonly version: () => string;
  /** Whether it starts with a link in its root that leads to itself. */
  readonly takesLoops: boolean;
  /** Starts it for the running test, which is skipped when the server is not installed. */
  readonly start: (context: TestContext, place: Place) => Promise<NetConnectOpts>;
}

export const ours: Server = {
  name: "sockwright",
  version: () => "",
  takesLoops: true,
  start: async (_, { root }) => {
    const program = here("../../dist/cli/sockwright.js");
    const listener = ["--listen", "http://127.0.0.1:0", "--access-log", "off"];
    const child = await startChild(process.execPath, [program, "web", root, ...listener]);
    const [, port] = await child.line(/^listening on http:\/\/127\.0\.0\.1:(\d+)/);
    return local(port);
  },
};

/** The other servers, each configured for a folder of files as its documentation says. */
export const others: readonly Server[] = [
  {
    name: "nginx",
    version: () => outputOf("nginx", "-v").replace(/^.*nginx\/(\S+).*$/s, "$1"),
    takesLoops: true,
    start: async (context, { folder, root }) => {
      const program = requireTool(context, "nginx");
      const config = join(folder, "nginx.conf");
      writeFileSync(config, nginxConfig(folder, root));
      // It cannot listen on port 0, and reports on standard error that it listens.
      const child = await startChild("sh", ["-c", 'exec "$0" "$@" 2>&1', program, "-p", folder, "-c", config]);
      await child.line(/start worker process/);
      return { path: join(folder, "socket") };
    },
  },
  {
    name: "caddy",
    version: () =>
      outputOf("caddy", "version")
        .trim()
        .replace(/^v|\s.*$/gs, ""),
    takesLoops: true,
    start: async (context, { folder, root }) => {
      const program = requireTool(context, "caddy");
      const config = join(folder, "Caddyfile");
      writeFileSync(config, caddyConfig(folder, root));
      const args = ["run", "--adapter", "caddyfile", "--config", config];
      const env = { ...process.env, HOME: folder, XDG_CONFIG_HOME: folder, XDG_DATA_HOME: folder };
      const child = await startChild("sh", ["-c", 'exec "$0" "$@" 2>&1', program, ...args], { env });
      await child.line(/serving initial configuration/);
      return { path: join(folder, "socket") };
    },
  },
  {
    name: "serve-static",
    version: () => versionOf("../../node_modules/serve-static/package.json"),
    takesLoops: true,
    start: (_, { root }) => startAtPort(process.execPath, [here("servers/serve-static.mjs"), root]),
  },
  {
    name: "sirv",
    version: () => versionOf("../../node_modules/sirv/package.json"),
    takesLoops: false,
    start: (_, { root }) => startAtPort(process.execPath, [here("servers/sirv.mjs"), root]),
  },
  {
    name: "http.server",
    version: () => outputOf("python3", "--version").trim().replace("Python ", ""),
    takesLoops: true,
    start: (context, { root }) =>
      startAtPort(requireTool(context, "python3"), ["-B", here("servers/http_server.py"), root]),
  },
];

async function startAtPort(program: string, args: readonly string[]): Promise<NetConnectOpts> {
  const child = await startChild(program, args);
  const [port] = await child.line(/^\d+$/);
  return local(port);
}

function local(port: string | undefined): NetConnectOpts {
  return { host: "127.0.0.1", port: Number(port) };
}

function here(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url));
}

function versionOf(path: string): string {
  return (JSON.parse(readFileSync(here(path), "utf8")) as { version: string }).version;
}

function outputOf(program: string, argument: string): string {
  const { stdout, stderr } = spawnSync(program, [argument], { encoding: "utf8" });
  return stdout + stderr;
}

function nginxConfig(folder: string, root: string): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (name) => `${name}_temp_path ${join(folder, name)};`,
  );
  return `daemon off; pid ${join(folder, "pid")}; worker_processes 1;
error_log stderr notice;
${process.getuid?.() === 0 ? "user root;" : ""}
events {}
http {
  include /etc/nginx/mime.types; default_type application/octet-stream; charset utf-8;
  access_log off; server_tokens off; absolute_redirect off; etag on; gzip_static on; gzip_vary on;
  ${temporary.join(" ")}
  server {
    listen unix:${join(folder, "socket")};
    root ${root}; autoindex off;
    location ~ /\\. { return 404; }
  }
}
`;
}

function caddyConfig(folder: string, root: string): string {
  return `{
  admin off
  auto_https off
}
http:// {
  bind unix/${join(folder, "socket")}
  root * ${root}
  file_server {
    precompressed zstd br gzip
    hide .*
  }
}
`;
}
