// The limits of an admin socket's answers and requests, and the grace of a drained service.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { jsonLines } from "../../../src/codec/json-lines.ts";
import type { Connection } from "../../../src/server/connection/connection.ts";
import type { Service } from "../../../src/server/service.ts";
import { adminActions } from "../../../src/supervisor/admin/admin-actions.ts";
import { askAdmin } from "../../../src/supervisor/admin/admin-client.ts";
import { MAX_ADMIN_ANSWER_BYTES, MAX_LISTED_CONNECTIONS } from "../../../src/supervisor/admin/admin-protocol.ts";
import { serveAdmin } from "../../../src/supervisor/admin/admin-server.ts";
import { Group } from "../../../src/supervisor/group.ts";
import { connected } from "../../support/connected.ts";
import { serving } from "../../support/serving.ts";
import { connectionOf } from "../status/fake-overview.ts";
import { greeted, kindsWith, planned, running, urlOfService } from "./running.ts";

test("an answer lists at most MAX_LISTED_CONNECTIONS connections, with their total", async () => {
  const { supervisor } = await running([]);
  const all = Array.from({ length: MAX_LISTED_CONNECTIONS + 1 }, (_, id) => connectionOf({ id }));
  vi.spyOn(supervisor.overview, "connections").mockReturnValue(all);
  const { connections } = adminActions(supervisor, { reload: async () => undefined, stop: async () => undefined });
  expect(connections()).toEqual({ total: MAX_LISTED_CONNECTIONS + 1, connections: all.slice(0, -1) });
});

test("a client refuses an answer of more than MAX_ADMIN_ANSWER_BYTES", async () => {
  const folder = mkdtempSync(join(tmpdir(), "sockwright-admin-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "admin.sock");
  const piece = Buffer.alloc(1024 * 1024, " ");
  const service = {
    name: "talkative",
    async stream(connection: Connection) {
      for (let bytes = 0; bytes < MAX_ADMIN_ANSWER_BYTES; bytes += piece.length) {
        connection.write(piece);
        await connection.drained();
      }
      connection.write('{"ok":true,"result":{}}\n');
    },
  };
  await serving(service, {}, `unix:${path}`);
  await expect(askAdmin(path, { command: "status" })).rejects.toMatchObject({
    code: "ERR_SOCKWRIGHT_FRAME_TOO_LARGE",
  });
});

test.for([
  { bytes: 4_096, answer: { ok: true } },
  { bytes: 4_097, answer: { ok: false, code: "ERR_SOCKWRIGHT_FRAME_TOO_LARGE" } },
])("MAX_ADMIN_REQUEST_BYTES: the server answers a request of $bytes bytes with $answer", async ({ bytes, answer }) => {
  const folder = mkdtempSync(join(tmpdir(), "sockwright-admin-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "admin.sock");
  const { supervisor } = await running([]);
  const actions = adminActions(supervisor, { reload: async () => undefined, stop: async () => undefined });
  const server = await serveAdmin(path, actions);
  onTestFinished(async () => void (await server.close({ graceMs: 0 })));
  const connection = await connected(`unix:${path}`);
  connection.write(`${'{"command":"status"'.padEnd(bytes - 1)}}\n`);
  const frames = connection.frames(jsonLines({ maxFrameBytes: MAX_ADMIN_ANSWER_BYTES }));
  expect(await frames.read()).toMatchObject(answer);
});

test("the grace of a drained service does not end", async () => {
  let finish: () => void = () => undefined;
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const held = (): Service => ({
    name: "held",
    async stream(connection) {
      connection.write("begun\n");
      await finished;
      connection.write("done");
    },
  });
  const services = [{ ...planned("one", "held", ["tcp://127.0.0.1:0"]), graceMs: 0 }];
  const { supervisor } = await running(services, { make: kindsWith({ held }) });
  const { client } = await greeted(urlOfService(supervisor, "one"));
  const close = vi.spyOn(Group.prototype, "close");
  onTestFinished(() => void vi.restoreAllMocks());
  await supervisor.drain("one");
  expect(close.mock.calls).toEqual([[2_147_483_647]]);
  finish();
  expect(String(await client.read())).toBe("done");
});
