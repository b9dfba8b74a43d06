// The web server of the examples, started for the running test, and clients that write raw bytes to it.
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { type Child, startChild } from "../support/child.ts";

export const program = fileURLToPath(new URL("../../dist/examples/web-server.js", import.meta.url));

/** A web server that has printed its address. */
export interface WebServer {
  readonly child: Child;
  readonly port: number;
}

export async function startWebServer(command: readonly string[] = [process.execPath, program]): Promise<WebServer> {
  const [runtime = "", ...args] = command;
  const language = runtime === process.execPath ? ["--lang", "zh"] : [];
  const child = await startChild(runtime, [...args, ...language, "0"]);
  const [, port] = await child.line(/^服务启动,访问地址为: localhost:(\d+)$/);
  return { child, port: Number(port) };
}

/** A connection that is destroyed when the test ends. */
export async function open(port: number): Promise<Socket> {
  const client = connect({ port, host: "127.0.0.1", noDelay: true });
  onTestFinished(() => void client.destroy());
  // The server may reset a connection that it gives up.
  client.on("error", () => undefined);
  await once(client, "connect");
  return client;
}

/** Everything that the server sends until it closes the connection. */
export async function rest(client: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  client.on("data", (chunk: Buffer) => chunks.push(chunk));
  if (!client.closed) await new Promise((resolve) => client.once("close", resolve));
  return Buffer.concat(chunks).toString();
}

/** Sends bytes on a connection of their own, and returns all answers. */
export async function ask(port: number, bytes: string | Buffer): Promise<string> {
  const client = await open(port);
  client.write(bytes);
  return await rest(client);
}

export function request(path: string, ...fields: readonly string[]): string {
  return [`GET ${path} HTTP/1.1`, "Host: localhost", ...fields, "", ""].join("\r\n");
}

/** The status of each answer, in order. */
export function statuses(answers: string): number[] {
  return [...answers.matchAll(/^HTTP\/1\.1 (\d{3}) /gm)].map(([, status]) => Number(status));
}
