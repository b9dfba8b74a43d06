import { Buffer } from "node:buffer";
import type { ServerResponse } from "node:http";
import type { Http2Stream } from "node:http2";
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

/** RFC 9113, section 7. */
const INTERNAL_ERROR = 0x2;

type Line = readonly [name: string, value: string];

/** The status and fields of the answer for node:http. Fields that the program has set before are kept. */
interface NodeAnswer {
  readonly status: number;
  readonly lines: readonly Line[];
  readonly body: Uint8Array | Readable;
}

/**
 * Sends an answer through node:http, no faster than the client reads. A body that fails resets the connection, because the client
 * must not take a part for the whole; a lost client ends the body.
 *
 * @throws the error of the body, and the error of node:http when the response has already begun.
 */
export async function sendByNode(response: ServerResponse, isHead: boolean, answer: SiteAnswer): Promise<void> {
  const { status, lines: own, body } = nodeAnswer(answer);
  const lines = withEarlierVary(response, own);
  if (body instanceof Uint8Array) {
    writeHead(response, status, lines);
    response.end(isHead ? undefined : body);
    return;
  }
  // Before the pipeline destroys the connection in an orderly way.
  body.once("error", () => reset(response));
  try {
    writeHead(response, status, lines);
    if (isHead) response.end();
    else await pipeline(body, response);
  } catch (error) {
    if (!isLoss(error)) throw error;
  } finally {
    body.destroy();
  }
}

/** An answer that is not sent still releases its body. */
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

/** RFC 9110, section 12.5.5: every layer adds to Vary what its answer depends on, as CORS does with `Origin`. */
function withEarlierVary(response: ServerResponse, lines: readonly Line[]): readonly Line[] {
  const earlier = response.getHeader("Vary");
  if (earlier === undefined) return lines;
  return lines.map(([name, value]) => (name === "Vary" ? [name, `${String(earlier)}, ${value}`] : [name, value]));
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

/** The client has gone: the answer did not fail, and the body is released. */
function isLoss(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ERR_STREAM_PREMATURE_CLOSE";
}

/** HTTP/2 has no reason phrase, and node:http2 warns about one. */
function writeHead(response: ServerResponse, status: number, lines: readonly Line[]): void {
  if (http2Stream(response) !== undefined) response.writeHead(status, lines.flat());
  else response.writeHead(status, reasonPhrase(status), lines.flat());
}

/** Only TCP sockets have `resetAndDestroy`; destroy(error) aborts the others. */
function reset(response: ServerResponse): void {
  const stream = http2Stream(response);
  if (stream !== undefined) {
    // In HTTP/2, all streams of a client share its socket.
    stream.close(INTERNAL_ERROR);
    return;
  }
  const { socket } = response;
  const isTcp = socket instanceof Socket && !(socket instanceof TLSSocket) && socket.remoteAddress !== undefined;
  if (isTcp) socket.resetAndDestroy();
  else socket?.destroy(new Error("The answer failed while it was sent"));
}

/** The compatibility API of node:http2 passes such an object to functions for node:http. */
function http2Stream(response: ServerResponse): Http2Stream | undefined {
  return "stream" in response ? (response.stream as Http2Stream) : undefined;
}
