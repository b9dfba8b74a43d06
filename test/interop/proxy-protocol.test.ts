// PROXY headers of other programs: haproxy, nginx and curl send them to our listeners, and take those of our clients.
import { randomInt } from "node:crypto";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { http } from "../../src/http/service/http.ts";
import type { Connection } from "../../src/server/connection/connection.ts";
import type { ProxySend } from "../../src/server.ts";
import { startChild } from "../support/child.ts";
import { connected } from "../support/connected.ts";
import { temporaryFolder } from "../support/folders.ts";
import { portOf } from "../support/node-client.ts";
import { serving, urlOf } from "../support/serving.ts";
import { tellPeer, toldBy } from "../support/tell-peer.ts";
import { requireTool, tools } from "../support/tools.ts";
import { until } from "../support/until.ts";

const VERSIONS = ["v1", "v2"] as const;
const SOURCE = { host: "192.0.2.7", port: 50_000 };
const [, STREAM_MODULE] = tools["stream module of nginx"].probe;
const DESTINATION = { host: "198.51.100.1", port: 443 };

/** A free address: programs that cannot listen on port 0 get a port of an address of this machine that no other test has. */
function ownAddress(): string {
  return `127.${randomInt(1, 255)}.${randomInt(1, 255)}.${randomInt(1, 255)}:40080`;
}

/** Starts haproxy with a section `listen` for the socket `front` in the folder, and the lines. */
async function startHaproxy(program: string, folder: string, lines: readonly string[]): Promise<string> {
  const path = join(folder, "front");
  const config = join(folder, "haproxy.cfg");
  const defaults = ["mode tcp", "timeout connect 10s", "timeout client 60s", "timeout server 60s"];
  const listen = [`bind unix@${path} accept-proxy`, ...lines];
  writeFileSync(config, ["defaults", ...defaults, "listen front", ...listen, ""].join("\n"));
  await startChild(program, ["-db", "-f", config]);
  // It has another name until haproxy listens on it.
  await until(() => existsSync(path), "the socket of haproxy");
  return path;
}

async function startNginx(program: string, folder: string, config: string): Promise<void> {
  const file = join(folder, "nginx.conf");
  const user = process.getuid?.() === 0 ? "user root;" : "";
  writeFileSync(
    file,
    `${config}\ndaemon off; pid ${join(folder, "pid")}; error_log stderr notice; ${user} events {}\n`,
  );
  const child = await startChild("sh", ["-c", 'exec "$0" "$@" 2>&1', program, "-p", folder, "-c", file]);
  await child.line(/start worker process/);
}

describe.each(VERSIONS)("%s", (version) => {
  test("haproxy takes the header of our client, and our listener that of haproxy", async (context) => {
    const program = requireTool(context, "haproxy");
    const folder = temporaryFolder();
    const server = await serving(tellPeer, { proxyFrom: "127.0.0.1" });
    const send = version === "v1" ? "send-proxy" : "send-proxy-v2";
    const path = await startHaproxy(program, folder, [`server back 127.0.0.1:${portOf(server)} ${send}`]);
    const proxySend: ProxySend = { version, source: SOURCE, destination: DESTINATION };
    const client = await connected(`unix:${path}`, { proxySend });
    const { peer, proxy } = await toldBy(client);
    expect(peer).toEqual(SOURCE);
    expect(proxy).toMatchObject({
      version: version === "v1" ? 1 : 2,
      family: "inet",
      source: SOURCE,
      destination: DESTINATION,
    });
    client.write("echo");
    expect(String(await client.readExactly(4))).toBe("echo");
  });

  test("nginx takes the header of our client", async (context) => {
    const program = requireTool(context, "nginx");
    const folder = temporaryFolder();
    const path = join(folder, "front");
    const answer = "$proxy_protocol_addr $proxy_protocol_port $proxy_protocol_server_addr $proxy_protocol_server_port";
    const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
      (name) => `${name}_temp_path ${join(folder, name)};`,
    );
    await startNginx(
      program,
      folder,
      `http { access_log off; ${temporary.join(" ")}
        server { listen unix:${path} proxy_protocol; location / { return 200 "${answer}"; } } }`,
    );
    const proxySend: ProxySend = { version, source: SOURCE, destination: DESTINATION };
    const client = await connected(`unix:${path}`, { proxySend });
    client.write("GET / HTTP/1.0\r\n\r\n");
    await client.readUntil("\r\n\r\n", { maxBytes: 8_192 });
    expect(String(await client.read())).toBe("192.0.2.7 50000 198.51.100.1 443");
  });
});

test("our listener takes the checksum and the vectors of haproxy", async (context) => {
  const program = requireTool(context, "haproxy");
  const folder = temporaryFolder();
  const server = await serving(tellPeer, { proxyFrom: "127.0.0.1" });
  const back = `127.0.0.1:${portOf(server)} send-proxy-v2 proxy-v2-options crc32c,unique-id`;
  const path = await startHaproxy(program, folder, ["unique-id-format id-%pid", `server back ${back}`]);
  const proxySend: ProxySend = { version: "v2", source: SOURCE, destination: DESTINATION };
  const { peer, proxy } = await toldBy(await connected(`unix:${path}`, { proxySend }));
  expect(peer).toEqual(SOURCE);
  const types = (proxy as { readonly tlvs: readonly { readonly type: number }[] }).tlvs.map(({ type }) => type);
  expect(types).toContain(3);
  expect(types).toContain(5);
});

test("a health check of haproxy is LOCAL, and the server is up", async (context) => {
  const program = requireTool(context, "haproxy");
  const folder = temporaryFolder();
  const headers: unknown[] = [];
  const note = (connection: Connection): void => void headers.push(connection.proxy);
  const server = await serving(note, { proxyFrom: "127.0.0.1", onError: () => undefined });
  const back = `127.0.0.1:${portOf(server)} check inter 50ms send-proxy-v2 check-send-proxy`;
  await startHaproxy(program, folder, ["option tcp-check", `server back ${back}`]);
  await until(() => headers.length > 1, "two health checks");
  expect(headers[0]).toEqual({ version: 2, command: "local" });
});

test("our listener takes the header of nginx's stream module", async (context) => {
  requireTool(context, "stream module of nginx");
  const program = requireTool(context, "nginx");
  const folder = temporaryFolder();
  const server = await serving(tellPeer, { proxyFrom: "127.0.0.1" });
  const front = ownAddress();
  await startNginx(
    program,
    folder,
    `load_module ${STREAM_MODULE};
    stream { server { listen ${front}; proxy_protocol on; proxy_pass 127.0.0.1:${portOf(server)}; } }`,
  );
  const client = await connected(`tcp://${front}`);
  const { peer, proxy } = await toldBy(client);
  const own = client.link.names?.local;
  expect(own).toMatchObject({ host: expect.stringMatching(/^127\./) as unknown });
  expect(peer).toEqual(own);
  expect(proxy).toMatchObject({ version: 1, family: "inet", destination: client.peer });
});

test("curl sends a header to our HTTP server", async (context) => {
  const program = requireTool(context, "curl");
  const service = http((_, { connection }) => ({ body: JSON.stringify([connection.peer, connection.proxy]) }));
  const server = await serving(service, { proxyFrom: "127.0.0.1" }, "http://127.0.0.1:0");
  const out = ["-sS", "-w", "\n%{local_port}"];
  const child = await startChild(program, [...out, "--haproxy-protocol", urlOf(server)]);
  expect(await child.exit()).toEqual({ code: 0, signal: null });
  const [body = "", port = ""] = child.stdout.split("\n");
  const own = { host: "127.0.0.1", port: Number(port) };
  const destination = { host: "127.0.0.1", port: portOf(server) };
  expect(JSON.parse(body)).toMatchObject([own, { version: 1, family: "inet", source: own, destination }]);
  const without = await startChild(program, ["-sS", urlOf(server)]);
  expect((await without.exit()).code).not.toBe(0);
  expect(without.stdout).toBe("");
});
