// The admin socket: its limits, and how it serves its clients.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { adminActions } from "../../../src/supervisor/admin/admin-actions.ts";
import { askAdmin } from "../../../src/supervisor/admin/admin-client.ts";
import { type AdminOptions, MAX_ADMIN_CONNECTIONS, serveAdmin } from "../../../src/supervisor/admin/admin-server.ts";
import { connected } from "../../support/connected.ts";
import { greeted, greeter, running, urlOfService } from "./running.ts";

async function admin(
  options?: AdminOptions,
  reload: () => Promise<void> = async () => undefined,
): Promise<{ path: string; url: string }> {
  const folder = mkdtempSync(join(tmpdir(), "sockwright-admin-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "admin.sock");
  const { supervisor } = await running([greeter("greet", ["tcp://127.0.0.1:0"])]);
  const actions = adminActions(supervisor, { reload, stop: async () => undefined });
  const server = await serveAdmin(path, actions, options);
  onTestFinished(async () => void (await server.close({ graceMs: 0 })));
  return { path, url: urlOfService(supervisor, "greet") };
}

test("a client that sends no request gets an error after requestTimeoutMs", async () => {
  const { path } = await admin({ requestTimeoutMs: 1 });
  const connection = await connected(`unix:${path}`);
  expect(JSON.parse(String(await connection.readUntil("\n")))).toMatchObject({
    ok: false,
    code: "ERR_SOCKWRIGHT_TIMEOUT",
  });
  expect(await connection.read()).toBeUndefined();
});

test("the server serves MAX_ADMIN_CONNECTIONS clients at a time, and further clients wait", async () => {
  const { path } = await admin();
  const silent = await Promise.all(Array.from({ length: MAX_ADMIN_CONNECTIONS }, () => connected(`unix:${path}`)));
  let isAnswered = false;
  const asked = askAdmin(path, { command: "status" }).then(() => {
    isAnswered = true;
  });
  const last = silent.at(-1);
  last?.write('{"command":"connections"}\n');
  expect(JSON.parse(String(await last?.readUntil("\n")))).toMatchObject({ ok: true, result: { total: 0 } });
  await last?.close();
  await asked;
  expect(isAnswered).toBe(true);
});

test("a client that has disconnected keeps no slot, however long its request takes", async () => {
  const { path } = await admin({}, () => new Promise(() => undefined));
  const gone = await Promise.all(Array.from({ length: MAX_ADMIN_CONNECTIONS }, () => connected(`unix:${path}`)));
  for (const connection of gone) {
    connection.write('{"command":"reload"}\n');
    await connection.flushed();
    connection.abort();
  }
  expect(await askAdmin(path, { command: "connections" })).toEqual({ total: 0, connections: [] });
});

test("a client that shuts down its side still gets its answer", async () => {
  const reloaded = new AbortController();
  const { path } = await admin(
    {},
    () => new Promise((resolve) => reloaded.signal.addEventListener("abort", () => resolve())),
  );
  const connection = await connected(`unix:${path}`);
  connection.write('{"command":"reload"}\n');
  await connection.end();
  expect(String(await connection.readExactly(1))).toBe(" ");
  reloaded.abort();
  expect(String(await connection.readUntil("\n"))).toBe('{"ok":true,"result":{}}\n');
  expect(await connection.read()).toBeUndefined();
});

test("`connections` lists the connections with their services, and `kill` resets one", async () => {
  const { path, url } = await admin();
  const { client: peer } = await greeted(url);
  const { total, connections } = await askAdmin(path, { command: "connections" });
  expect([total, connections]).toMatchObject([1, [{ service: "greet", url }]]);
  await askAdmin(path, { command: "kill", id: connections[0]?.id ?? 0 });
  await expect(peer.read()).rejects.toMatchObject({ code: "ECONNRESET" });
  await expect(askAdmin(path, { command: "kill", id: 0 })).rejects.toMatchObject({
    code: "ERR_SOCKWRIGHT_NO_CONNECTION",
  });
});

test("another server on the same path is refused", async () => {
  const { path } = await admin();
  const { supervisor } = await running([]);
  const actions = adminActions(supervisor, { reload: async () => undefined, stop: async () => undefined });
  await expect(serveAdmin(path, actions)).rejects.toMatchObject({ code: "EADDRINUSE" });
});
