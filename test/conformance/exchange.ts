import { connect, type NetConnectOpts, type Socket } from "node:net";
import { parseResponses, type Response } from "./response.ts";

/** The bytes that are sent over one connection. */
export interface Sending {
  /** Each part is sent when there are as many responses, interim ones included, as parts before it. */
  readonly parts: readonly Buffer[];
  /** The methods of the requests, in order; a missing one is GET. */
  readonly methods: readonly string[];
  /** Whether the client then shuts down its half of the connection. */
  readonly halfClose: boolean;
}

/** How a connection ended: `open` if the server neither closed it nor sent anything during the wait. */
type End = "closed" | "reset" | "open" | "refused";

/** The answer of a server. */
export interface Answer {
  /** Responses with a status of 1xx. */
  readonly interims: readonly Response[];
  readonly finals: readonly Response[];
  /** The bytes after the last response, or bytes that are not a response. */
  readonly rest: Buffer;
  readonly end: End;
}

/** Sends, and collects what arrives until the connection ends, or until nothing has arrived for `quietMs`. */
export async function exchange(
  address: NetConnectOpts,
  { parts, methods, halfClose }: Sending,
  quietMs: number,
): Promise<Answer> {
  const socket = connect({ ...address, allowHalfOpen: true });
  const chunks: Buffer[] = [];
  let sent = 0;
  const sendNext = (responses: number): void => {
    for (; sent <= responses && sent < parts.length; sent++) socket.write(parts[sent] ?? "");
    if (halfClose && sent === parts.length && socket.writable) socket.end();
  };
  socket.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    if (sent < parts.length) sendNext(parseResponses(Buffer.concat(chunks), methods, false).responses.length);
  });
  sendNext(0);
  const end = await ended(socket, quietMs);
  const { responses, rest } = parseResponses(Buffer.concat(chunks), methods, end === "closed");
  return {
    interims: responses.filter(({ status }) => status < 200),
    finals: responses.filter(({ status }) => status >= 200),
    rest,
    end,
  };
}

async function ended(socket: Socket, quietMs: number): Promise<End> {
  const end = await new Promise<End>((resolve) => {
    socket.setTimeout(quietMs, () => resolve("open"));
    socket.once("end", () => resolve("closed"));
    // Also EPIPE, of a write that the server no longer reads: what it sent before still arrives, and then the end.
    socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.syscall === "connect" ? "refused" : "reset"));
  });
  await new Promise<void>((resolve) => {
    if (socket.closed) resolve();
    else socket.once("close", () => resolve()).destroy();
  });
  return end;
}
