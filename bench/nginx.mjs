// @ts-check
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { promisify } from "node:util";
import { binaryPath } from "./compile.mjs";

const execute = promisify(execFile);
/** Debian has it where only root's PATH leads. */
const env = { ...process.env, PATH: `${process.env["PATH"]}:/usr/sbin` };
const START_TRIES = 500;
/** How many requests a connection may have: more than come. */
const REQUESTS = 2_000_000_000;

/**
 * How a file is sent: by sendfile(2), with the head in its first packet (TCP_CORK) or in one of its own, or read and written.
 * @type {ReadonlyMap<string, string>}
 */
export const NGINX_SENDING = new Map([
  ["nginx-nopush", "sendfile on; tcp_nopush on;"],
  ["nginx-sendfile", "sendfile on; tcp_nopush off;"],
  ["nginx-write", "sendfile off;"],
]);

/** The version, or undefined where it is not installed. */
export async function nginxVersion() {
  const told = await execute("nginx", ["-v"], { env }).catch(() => undefined);
  return told && /nginx\/\S+/.exec(told.stderr)?.[0];
}

/**
 * A port that is free now: nginx does not print the one that it would get.
 * @returns {Promise<number>}
 */
async function freePort() {
  const probe = createServer().listen({ host: "127.0.0.1", port: 0 });
  await once(probe, "listening");
  const address = probe.address();
  probe.close();
  await once(probe, "close");
  if (address === null || typeof address === "string") throw new Error("no port of TCP");
  return address.port;
}

/**
 * One worker, nothing logged, open files and connections kept.
 * @param {string} root
 * @param {string} sending
 * @param {number} port
 */
function configuration(root, sending, port) {
  const folders = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path temp;`);
  return `
${process.getuid?.() === 0 ? "user root;" : ""}
worker_processes 1;
daemon off;
pid nginx.pid;
error_log /dev/null crit;
events { worker_connections 8192; }
http {
  types { text/html html; }
  default_type application/octet-stream;
  access_log off;
  ${sending}
  ${folders.join(" ")}
  keepalive_timeout 3600s;
  keepalive_requests ${REQUESTS};
  open_file_cache max=1000 inactive=3600s;
  open_file_cache_valid 60s;
  server { listen 127.0.0.1:${port} backlog=4096; root "${root}"; }
}
`;
}

/** @param {number} port */
async function accepts(port) {
  const socket = connect({ host: "127.0.0.1", port });
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** @param {number | undefined} master */
async function workerOf(master) {
  const children = await readFile(`/proc/${master}/task/${master}/children`, "utf8");
  return children.trim() === "" ? undefined : Number(children.trim().split(" ")[0]);
}

/**
 * Starts it on a core; the process that is measured is the worker.
 * @param {string} root
 * @param {string} sending
 * @param {number} core
 */
export async function startNginx(root, sending, core) {
  const [port, folder] = [await freePort(), binaryPath("nginx")];
  await mkdir(folder, { recursive: true });
  const file = join(folder, "nginx.conf");
  await writeFile(file, configuration(root, sending, port));
  const command = ["-c", String(core), "nginx", "-p", folder, "-c", file];
  const child = spawn("taskset", command, { env, stdio: ["ignore", "ignore", "pipe"] });
  const ended = once(child, "close");
  let complaint = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    complaint += text;
  });
  const kill = () => child.kill("SIGTERM");
  process.once("exit", kill);

  async function stop() {
    process.removeListener("exit", kill);
    kill();
    await ended;
  }

  for (let tries = 0; tries < START_TRIES && child.exitCode === null; tries += 1) {
    const worker = await workerOf(child.pid);
    if (worker !== undefined && (await accepts(port))) return { pid: worker, port, stop };
    await setTimeout(10);
  }
  await stop();
  throw new Error(`nginx did not start: ${complaint.trim()}`);
}
