// What the tests of ThreadingMixIn and ForkingMixIn share: the eight classes, handlers by module, and clients.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished, type TestContext } from "vitest";
import { type Address, type AddressInput, AF_UNIX, SOCK_STREAM, SocketError, socket } from "../../../src/index.ts";
import {
  ForkingTCPServer,
  ForkingUDPServer,
  ForkingUnixDatagramServer,
  ForkingUnixStreamServer,
  type ModuleHandler,
  ThreadingTCPServer,
  ThreadingUDPServer,
  ThreadingUnixDatagramServer,
  ThreadingUnixStreamServer,
} from "../../../src/socketserver.ts";
import { startChild } from "../../support/child.ts";
import { requireTool } from "../../support/tools.ts";

const ASK_LINES = fileURLToPath(new URL("../../tools/ask_lines.py", import.meta.url));

export const THREADING = {
  ThreadingTCPServer,
  ThreadingUDPServer,
  ThreadingUnixStreamServer,
  ThreadingUnixDatagramServer,
} as const;

export const FORKING = {
  ForkingTCPServer,
  ForkingUDPServer,
  ForkingUnixStreamServer,
  ForkingUnixDatagramServer,
} as const;

/** A handler of programs/handlers.mjs, or of another file. */
export function byModule(name: string, file = "handlers.mjs"): ModuleHandler {
  return { module: new URL(`programs/${file}`, import.meta.url), name };
}

/** A folder that is removed when the test ends. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "sockwright-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** An address for a server of the class with this name. */
export function addressFor(server: string): AddressInput {
  return server.includes("Unix") ? { path: join(folder(), "socket") } : { host: "127.0.0.1", port: 0 };
}

/** Sends a request and returns the whole answer, or one datagram from a datagram server. */
export function ask(server: Asked, request: string): Promise<string> {
  return answerTo(server, request, true);
}

/** Sends a request and awaits an answer or the end; with `isAnswered` false it awaits no datagram. */
export async function send(server: Asked, request: string, isAnswered = true): Promise<void> {
  await answerTo(server, request, isAnswered).catch((error: unknown) => {
    // The connection was refused, or the handler failed.
    if (!(error instanceof SocketError)) throw error;
  });
}

async function answerTo(server: Asked, request: string, isAnswered: boolean): Promise<string> {
  const { address_family, socket_type, server_address } = server;
  const client = socket(address_family, socket_type);
  try {
    if (isStream(server)) {
      await client.connect(server_address);
      await client.sendall(request);
      return await untilEnd(client);
    }
    if (address_family === AF_UNIX) client.bind({ path: "" });
    await client.sendto(request, server_address);
    return isAnswered ? String(await client.recv(65_536)) : "";
  } finally {
    client.close();
  }
}

interface Asked {
  readonly address_family: number;
  readonly socket_type: number;
  readonly server_address: Address;
}

async function untilEnd(client: { recv(count: number): Promise<Buffer> }): Promise<string> {
  const chunks: Buffer[] = [];
  for (let chunk = await client.recv(65_536); chunk.length > 0; chunk = await client.recv(65_536)) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/** Whether a server uses streams. */
export function isStream({ socket_type }: { readonly socket_type: number }): boolean {
  return socket_type === SOCK_STREAM;
}

/** The answers to a line that Python clients get, one after the other. */
export async function askInPython(context: TestContext, server: Asked, line: string, count: number): Promise<string[]> {
  const { address_family: family, socket_type: type, server_address } = server;
  const endpoint = JSON.stringify({ type, address: { ...server_address, family } });
  const child = await startChild(requireTool(context, "python3"), ["-B", ASK_LINES, endpoint, line, String(count)]);
  const { code } = await child.exit();
  if (code !== 0) throw new Error(child.stderr);
  return child.stdout.trimEnd().split("\n");
}

interface Serving extends Asked {
  bind_and_activate(): Promise<void>;
  serve_forever(): Promise<void>;
  shutdown(): Promise<void>;
  server_close(): Promise<void>;
}

/** Serves while `use` runs, and closes the server. */
export async function serveWhile(server: Serving, use: () => Promise<void>): Promise<void> {
  await server.bind_and_activate();
  const served = server.serve_forever();
  try {
    await use();
    await server.shutdown();
    await served;
  } finally {
    await server.server_close();
  }
}
