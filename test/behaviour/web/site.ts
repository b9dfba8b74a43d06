// A folder with files, a server of it, and requests that are sent byte for byte.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import { type Connection, connect, type Server, serve } from "../../../src/server.ts";
import { type WebOptions, web } from "../../../src/services/web/web.ts";

/** Creates a folder with these files, which is removed after the test. */
export function folderWith(files: Readonly<Record<string, string | Uint8Array>>): string {
  const folder = mkdtempSync(join(tmpdir(), "sockwright-web-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
  return folder;
}

export interface Answer {
  readonly status: number;
  /** The names are in lower case. */
  readonly fields: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

/** A server of a folder. */
export class ServedSite {
  readonly server: Server;
  readonly folder: string;

  constructor(server: Server, folder: string) {
    this.server = server;
    this.folder = folder;
  }

  get url(): string {
    return this.server.urls[0] ?? "";
  }

  connected(): Promise<Connection> {
    return connectedTo(this.url);
  }

  /** Sends one request on a connection of its own and returns the answer. */
  ask(path: string, fields?: Readonly<Record<string, string>>, method?: string): Promise<Answer> {
    return askAt(this.url, path, fields, method);
  }

  /** Returns the status and the text of an answer. */
  async text(path: string, fields?: Readonly<Record<string, string>>): Promise<string> {
    const { status, body } = await this.ask(path, fields);
    return `${status} ${String(body)}`;
  }
}

export async function served(
  files: Readonly<Record<string, string | Uint8Array>>,
  options?: WebOptions,
  address = "tcp://127.0.0.1:0",
): Promise<ServedSite> {
  const folder = folderWith(files);
  const server = await serve(address, web(folder, options));
  onTestFinished(async () => {
    await server.close({ graceMs: 0 });
  });
  return new ServedSite(server, folder);
}

export async function connectedTo(url: string): Promise<Connection> {
  const connection = await connect(url.replace(/^http:/, "tcp:").replace(/\/$/, ""));
  onTestFinished(() => connection.abort());
  return connection;
}

/** Sends one request on a connection of its own and returns the answer. */
export async function askAt(
  url: string,
  path: string,
  fields: Readonly<Record<string, string>> = {},
  method = "GET",
): Promise<Answer> {
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  const connection = await connectedTo(url);
  connection.write(`${method} ${path} HTTP/1.1\r\nHost: site\r\nConnection: close\r\n${lines.join("")}\r\n`);
  const bytes = await allOf(connection);
  // A test that waits for a change asks thousands of times: without this, a fast machine runs out of descriptors.
  await connection.close();
  return answerOf(bytes);
}

/** Reads all bytes up to the end of the stream. */
export async function allOf(connection: Connection): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for (let piece = await connection.read(); piece !== undefined; piece = await connection.read()) pieces.push(piece);
  return Buffer.concat(pieces);
}

export function answerOf(bytes: Buffer): Answer {
  const end = bytes.indexOf("\r\n\r\n");
  const [line = "", ...lines] = bytes.toString("latin1", 0, end).split("\r\n");
  const fields = lines.map((each): [string, string] => {
    const colon = each.indexOf(":");
    return [each.slice(0, colon).toLowerCase(), each.slice(colon + 1).trim()];
  });
  return { status: Number(line.split(" ")[1]), fields: new Map(fields), body: bytes.subarray(end + 4) };
}

/** Requests the path until its text is not `from`, and returns the new text. */
export async function changedText(site: ServedSite, path: string, from: string): Promise<string> {
  for (;;) {
    const text = await site.text(path);
    if (text !== from) return text;
  }
}
