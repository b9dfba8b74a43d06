// The web server of the examples, started for the running test, and clients that write to it byte for byte.
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { type Child, startChild } from "../support/child.ts";

export const program = fileURLToPath(new URL("../../dist/examples/web-server.js", import.meta.url));

/** A web server that has said where it listens. */
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

/** A connection that the test destroys at its end. */
export async function open(port: number): Promise<Socket> {
  const client = connect({ port, host: "127.0.0.1", noDelay: true });
  onTestFinished(() => void client.destroy());
  // A server may reset whom it has had enough of.
  client.on("error", () => undefined);
  await once(client, "connect");
  return client;
}

/** All that the server sends until it closes the connection. */
export async function rest(client: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  client.on("data", (chunk: Buffer) => chunks.push(chunk));
  if (!client.closed) await new Promise((resolve) => client.once("close", resolve));
  return Buffer.concat(chunks).toString();
}

/** Sends one thing on a connection of its own, and gives all that is answered. */
export async function ask(port: number, bytes: string | Buffer): Promise<string> {
  const client = await open(port);
  client.write(bytes);
  return await rest(client);
}

export function request(path: string, ...fields: readonly string[]): string {
  return [`GET ${path} HTTP/1.1`, "Host: localhost", ...fields, "", ""].join("\r\n");
}

/** The status of each answer, in their order. */
export function statuses(answers: string): number[] {
  return [...answers.matchAll(/^HTTP\/1\.1 (\d{3}) /gm)].map(([, status]) => Number(status));
}
