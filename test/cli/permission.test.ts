// A user without privileges: one line, exit code 1. Root without its capabilities is subject to the same permission checks.
import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { AF_UNIX, socket } from "../../src/index.ts";
import { type Child, startChild } from "../support/child.ts";
import { requireTool } from "../support/tools.ts";
import { freeFolder, program } from "./sockwright.ts";

function startUnprivileged(setpriv: string, ...args: readonly string[]): Promise<Child> {
  return startChild(setpriv, ["--bounding-set=-all", process.execPath, program, ...args]);
}

/** A folder in which only a process with CAP_DAC_OVERRIDE can create files; capabilities(7). */
function closedFolder(): string {
  const folder = join(freeFolder(), "closed");
  mkdirSync(folder);
  chmodSync(folder, 0o500);
  return folder;
}

test.for<[args: string[], url: string]>([
  [["listen"], "tcp://127.0.0.1:80"],
  [["listen"], "udp://127.0.0.1:80"],
  [["greet", "--listen"], "tcp://127.0.0.1:80"],
  [["greet", "--listen", "tcp://127.0.0.1:0", "--listen"], "udp://127.0.0.1:80"],
])("%j on %s", async ([args, url], context) => {
  const child = await startUnprivileged(requireTool(context, "setpriv"), ...args, url);
  expect(await child.exit()).toEqual({ code: 1, signal: null });
  expect(child.stdout).toBe("");
  expect(child.stderr).toMatch(/ \(bind EACCES[^\n]* 127\.0\.0\.1:80\)\n$/);
  expect(child.stderr).toContain(
    `sockwright: ${url}: no permission: ports below 1024 need more rights, so choose one from 1024 on, or 0 for any`,
  );
});

test.for([["listen"], ["greet", "--listen"]])("%j in a folder that is closed", async (args, context) => {
  const path = join(closedFolder(), "socket");
  const child = await startUnprivileged(requireTool(context, "setpriv"), ...args, `unix:${path}`);
  expect(await child.exit()).toEqual({ code: 1, signal: null });
  expect(child.stderr).toBe(
    `sockwright: unix:${path}: no permission to write into its folder: choose a path in a folder of your own` +
      ` (bind EACCES: permission denied ${path})\n`,
  );
});

test("--owner that the command may not set", async (context) => {
  const url = `unix:${join(freeFolder(), "socket")}?owner=1`;
  const child = await startUnprivileged(requireTool(context, "setpriv"), "listen", url);
  expect(await child.exit()).toEqual({ code: 1, signal: null });
  expect(child.stderr).toContain(`sockwright: ${url}: no permission to give the socket to that owner or group`);
});

test("connect to a path without write permission", async (context) => {
  const path = join(freeFolder(), "socket");
  const listener = socket(AF_UNIX);
  listener.bind({ path });
  listener.listen();
  chmodSync(path, 0o400);
  const child = await startUnprivileged(requireTool(context, "setpriv"), "connect", `unix:${path}`);
  expect(await child.exit()).toEqual({ code: 1, signal: null });
  listener.close();
  expect(child.stderr).toMatch(`sockwright: unix:${path}: no permission to connect to that path: its owner has to`);
});

test.for(["native", "node"])("serve, on the %s transport, rejects with what the system said", async (name, context) => {
  const script = join(freeFolder(), "serve.mjs");
  const server = new URL("../../dist/server.js", import.meta.url).href;
  writeFileSync(
    script,
    `import { serve } from ${JSON.stringify(server)};
    for (const url of process.argv.slice(2))
      await serve(url, async () => undefined).catch(({ code, syscall, message }) => console.log(code, message));`,
  );
  const path = join(closedFolder(), "socket");
  const owned = join(freeFolder(), "owned");
  const urls = ["tcp://127.0.0.1:80", `unix:${path}`, `unix:${owned}?owner=1`];
  const args = ["--bounding-set=-all", process.execPath, script, ...urls];
  const env = { ...process.env, SOCKWRIGHT_TRANSPORT: name };
  const child = await startChild(requireTool(context, "setpriv"), args, { env });
  expect(await child.exit()).toEqual({ code: 0, signal: null });
  const syscall = name === "native" ? "bind" : "listen";
  expect(child.stdout).toMatch(
    new RegExp(
      `^EACCES ${syscall} EACCES: permission denied 127.0.0.1:80\nEACCES ${syscall} EACCES: permission denied ${path}\nEPERM .*lchown`,
    ),
  );
  // The program has ended, and left no file.
  expect(existsSync(owned)).toBe(false);
});
