// How upload-client.ts offers a file, sends what the server has not got, and shows how far it is.
import { createReadStream } from "node:fs";
import { SHUT_WR, type Socket, SocketError, socket } from "sockwright";
import type { HostAndPort } from "./address.ts";
import { printable } from "./client-limits.ts";
import { type Header, readLine, UploadError } from "./upload-file.ts";

const TIMEOUT_MS = 60_000;

/** Gives the server's last line, in its fields. */
export async function upload(path: string, file: Header, to: HostAndPort): Promise<string[]> {
  await using server = socket();
  server.settimeout(TIMEOUT_MS);
  await server.connect(to);
  await server.sendall(`resume|${file.name}|${file.size}|${file.sha256}\n`);
  const answer = (await readLine(server)).split("|");
  const [word, count = ""] = answer;
  if (word !== "have") return answer;
  if (!/^\d+$/.test(count) || Number(count) > file.size)
    throw new UploadError(`the server has ${printable(count)} of ${file.size} bytes`);
  // A server that gives up has said why, which tells more than the error of the next send.
  await sendRest(server, path, Number(count), file.size).catch((error: unknown) => {
    if (!(error instanceof SocketError)) throw error;
  });
  return (await readLine(server)).split("|");
}

async function sendRest(to: Socket, path: string, have: number, size: number): Promise<void> {
  let sent = have;
  for await (const data of createReadStream(path, { start: have, end: Math.max(have, size - 1) })) {
    const before = Math.floor((100 * sent) / size);
    await to.sendall(data);
    sent += data.length;
    const percent = Math.floor((100 * sent) / size);
    if (percent > before) process.stdout.write(`${percent} %${process.stdout.isTTY ? "\r" : "\n"}`);
  }
  to.shutdown(SHUT_WR);
}
