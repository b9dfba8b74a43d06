// The requests of one HTTP/1 client, whether they come in pieces or many at once: see web-server.ts
import type { Socket } from "sockwright";

const MAX_HEAD_BYTES = 8192;
const REQUEST_TIMEOUT_MS = 5000; // for a whole head, so that a drip of bytes holds nothing up

/** `status` is 200, or what is wrong with it; after the last one the connection ends. */
export type Request = { status: number; method: string; path: string; isLast: boolean };

/** The end of a head; or what no request begins with, so that waiting is of no use. */
const END = /\r?\n\r?\n|^(?![A-Z]+ |[A-Z]*$)/;
const LINE = /^([A-Z]+) (?:http:\/\/[^/?\s]*)?([^?\s]+)\S* HTTP\/1\.(\d)\r?(?:\n|$)/;
/** A body is not read, so no request is looked for after it: RFC 9112, 6 and 9.6. */
const LAST = /^(?:connection:.*\bclose|content-length:|transfer-encoding:)/im;

export async function* requests(peer: Socket, signal: AbortSignal): AsyncGenerator<Request, void> {
  for (let text = "", isLast = false; !isLast; ) {
    const deadline = Date.now() + REQUEST_TIMEOUT_MS;
    while (!END.test(text) && text.length < MAX_HEAD_BYTES) {
      peer.settimeout(Math.max(1, deadline - Date.now()));
      const data = await peer.recv(MAX_HEAD_BYTES - text.length, { signal });
      if (data.length === 0) break;
      text += data.toString("latin1"); // bytes, which need not be UTF-8: RFC 9112, 2.2
    }
    if (text === "") return;
    const [head = "", blank = ""] = text.split(/(\r?\n\r?\n)/, 2);
    const [, method = "", path = "", minor] = LINE.exec(blank === "" ? "" : head) ?? [];
    isLast = minor === undefined || minor === "0" || LAST.test(head);
    const status = minor !== undefined ? 200 : text.length < MAX_HEAD_BYTES ? 400 : 431;
    peer.settimeout(REQUEST_TIMEOUT_MS); // of the answer
    yield { status, method, path, isLast };
    text = text.slice(head.length + blank.length);
  }
}
