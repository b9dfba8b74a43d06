import { Buffer } from "node:buffer";
import type { ServerResponse } from "node:http";
import { Socket } from "node:net";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { TLSSocket } from "node:tls";
import { reasonPhrase } from "../../http/reason-phrase.ts";
import { FileBody } from "../../http/service/file-body.ts";
import { headerLines } from "../../http/service/http-headers.ts";
import type { HttpBody } from "../../http/service/http-response.ts";
import { PreparedResponse } from "../../http/service/prepared-response.ts";
import { isFramingField, ResponseFields } from "../../http/service/response-fields.ts";
import { filePieces } from "./file-pieces.ts";
import type { SiteAnswer } from "./site-answer.ts";

type Line = readonly [name: string, value: string];

/** The answer as node:http takes it. What has been set of other fields before stays. */
interface NodeAnswer {
  readonly status: number;
  readonly lines: readonly Line[];
  readonly body: Uint8Array | Readable;
}

/**
 * Sends an answer by node:http, no faster than the client takes it. A body that fails resets the connection, since the client must
 * not take what it has for the whole; a client that is lost ends the body.
 *
 * @throws what the body failed with, and what node:http says of a response that has begun already.
 */
export async function sendByNode(response: ServerResponse, isHead: boolean, answer: SiteAnswer): Promise<void> {
  const { status, lines, body } = nodeAnswer(answer);
  if (body instanceof Uint8Array) {
    response.writeHead(status, reasonPhrase(status), lines.flat());
    response.end(isHead ? undefined : body);
    return;
  }
  // Before the pipeline, which would end the connection in order.
  body.once("error", () => reset(response));
  try {
    response.writeHead(status, reasonPhrase(status), lines.flat());
    if (isHead) response.end();
    else await pipeline(body, response);
  } catch (error) {
    if (!isLoss(error)) throw error;
  } finally {
    body.destroy();
  }
}

/** An answer that is not sent lets go what it holds. */
export function dropAnswer(answer: SiteAnswer): void {
  if (answer instanceof PreparedResponse) return;
  const { body } = nodeAnswer(answer);
  if (body instanceof Readable) body.destroy();
}

function nodeAnswer(answer: SiteAnswer): NodeAnswer {
  if (answer instanceof PreparedResponse) {
    const body = answer.file === undefined ? answer.body : bodyOf(answer.file.open());
    return { status: answer.status, lines: answer.lines(Date.now()), body };
  }
  const { status = 200 } = answer;
  const fields = new ResponseFields(headerLines(answer.headers));
  const lines: Line[] = fields.lines.filter(([name]) => !isFramingField(name));
  const length = lengthOf(answer.body) ?? fields.length;
  if (length !== undefined) lines.push(["Content-Length", `${length}`]);
  return { status, lines, body: bodyOf(answer.body) };
}

function lengthOf(body: HttpBody | undefined): number | undefined {
  if (body === undefined || body === null) return 0;
  if (typeof body === "string") return Buffer.byteLength(body);
  return body instanceof Uint8Array || body instanceof FileBody ? body.length : undefined;
}

function bodyOf(body: HttpBody | undefined): Uint8Array | Readable {
  if (body === undefined || body === null) return Buffer.alloc(0);
  if (typeof body === "string") return Buffer.from(body);
  if (body instanceof Uint8Array) return body;
  return Readable.from(body instanceof FileBody ? filePieces(body) : body);
}

/** The client has gone: no fault of the answer, and what the body held is let go. */
function isLoss(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ERR_STREAM_PREMATURE_CLOSE";
}

/** `resetAndDestroy` is of TCP alone, and other sockets are lost by it with an error of their own. */
function reset({ socket }: ServerResponse): void {
  const isTcp = socket instanceof Socket && !(socket instanceof TLSSocket) && socket.remoteAddress !== undefined;
  if (isTcp) socket.resetAndDestroy();
  else socket?.destroy(new Error("The answer failed while it was sent"));
}
