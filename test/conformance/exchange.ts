import { connect, type NetConnectOpts, type Socket } from "node:net";
import { parseResponses, type Response } from "./response.ts";

/** What is sent over a connection of its own, byte by byte. */
export interface Sending {
  /** Each is sent once there are as many responses as parts before it, interim ones included. */
  readonly parts: readonly Buffer[];
  /** Of the requests, in their order; what is missing is GET. */
  readonly methods: readonly string[];
  /** Whether the client then shuts its half of the connection down. */
  readonly halfClose: boolean;
}

/** How a connection ended: `open` where the server neither closed it nor sent anything for as long as it was waited for. */
type End = "closed" | "reset" | "open" | "refused";

/** What a server has answered. */
export interface Answer {
  /** 1xx. */
  readonly interims: readonly Response[];
  readonly finals: readonly Response[];
  /** What is behind the last response, or is none. */
  readonly rest: Buffer;
  readonly end: End;
}

/** Sends, and collects what comes until the connection ends, or until nothing has come for `quietMs`. */
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
    // Also EPIPE, of a write that a server no longer reads: what it has sent before is still to come, and then the end.
    socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.syscall === "connect" ? "refused" : "reset"));
  });
  await new Promise<void>((resolve) => {
    if (socket.closed) resolve();
    else socket.once("close", () => resolve()).destroy();
  });
  return end;
}
