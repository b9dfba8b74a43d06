// @ts-check
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";

/** What a client has to send, and what a browser sends besides: Chrome, when somebody follows a link. */
const SHORT_FIELDS = ["Host: 127.0.0.1", "Accept: */*"];
const BROWSER_FIELDS = [
  "Host: 127.0.0.1",
  "Connection: keep-alive",
  'sec-ch-ua: "Chromium";v="142", "Google Chrome";v="142", "Not_A Brand";v="99"',
  "sec-ch-ua-mobile: ?0",
  'sec-ch-ua-platform: "Linux"',
  "Upgrade-Insecure-Requests: 1",
  "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
  "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8",
  "Sec-Fetch-Site: none",
  "Sec-Fetch-Mode: navigate",
  "Sec-Fetch-User: ?1",
  "Sec-Fetch-Dest: document",
  "Accept-Encoding: gzip, deflate, br, zstd",
  "Accept-Language: en-US,en;q=0.9",
];
const ANSWER_TIMEOUT_MS = 20_000;
/** What the servers say that send no file. */
const TEXT = "Hello, world!";

/**
 * @param {string} path
 * @param {readonly string[]} fields
 */
function requestOf(path, fields) {
  return [`GET ${path} HTTP/1.1`, ...fields, "", ""].join("\r\n");
}

/**
 * A GET with nothing that is not needed.
 * @param {string} path
 */
export function shortRequest(path) {
  return requestOf(path, SHORT_FIELDS);
}

/** @typedef {{ status: number, head: string, body: Buffer, bytes: Buffer }} Answer */

/**
 * @param {string} head
 * @param {string} name
 */
function fieldOf(head, name) {
  return new RegExp(`^${name}: *(.*?)\r$`, "im").exec(head)?.[1];
}

/**
 * How long the head and the body are together; NaN as long as the head is not complete.
 * @param {Buffer} bytes
 */
function lengthsOf(bytes) {
  const headBytes = bytes.indexOf("\r\n\r\n") + 4;
  if (headBytes < 4) return { headBytes, totalBytes: Number.NaN };
  const head = bytes.toString("latin1", 0, headBytes);
  const bodyBytes = head.startsWith("HTTP/1.1 304 ") ? 0 : Number(fieldOf(head, "Content-Length"));
  if (Number.isNaN(bodyBytes)) throw new Error(`an answer without Content-Length: ${head}`);
  return { headBytes, totalBytes: headBytes + bodyBytes };
}

/**
 * The next answer of a connection, which stays open.
 * @param {import("node:net").Socket} socket
 */
export async function readAnswer(socket) {
  /** @type {Buffer[]} */
  const chunks = [];
  let [receivedBytes, totalBytes] = [0, Number.NaN];
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    chunks.push(chunk);
    receivedBytes += chunk.length;
    if (Number.isNaN(totalBytes)) totalBytes = lengthsOf(Buffer.concat(chunks)).totalBytes;
    if (receivedBytes >= totalBytes) break;
  }
  if (receivedBytes !== totalBytes) throw new Error(`an answer of ${receivedBytes} bytes instead of ${totalBytes}`);
  return Buffer.concat(chunks);
}

/**
 * @param {number} port
 * @param {string} request
 * @returns {Promise<Answer>}
 */
async function ask(port, request) {
  const socket = connect({ host: "127.0.0.1", port });
  socket.setTimeout(ANSWER_TIMEOUT_MS, () => socket.destroy(new Error("no complete answer")));
  try {
    await once(socket, "connect");
    socket.write(request);
    const bytes = await readAnswer(socket);
    const { headBytes } = lengthsOf(bytes);
    const head = bytes.toString("latin1", 0, headBytes);
    return { status: Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1]), head, body: bytes.subarray(headBytes), bytes };
  } finally {
    socket.destroy();
  }
}

/**
 * The request of a case for one server, and its first answer, which is what it has to be.
 * @param {number} port
 * @param {string} root where the files are
 * @param {import("./web-case.mjs").WebCase} webCase
 * @param {string} path
 */
export async function firstExchange(port, root, webCase, path) {
  const fields = webCase.fields === "browser" ? BROWSER_FIELDS : SHORT_FIELDS;
  const request = requestOf(path, fields);
  const answer = await ask(port, request);
  const body = webCase.file === undefined ? Buffer.from(TEXT) : await readFile(join(root, webCase.file));
  if (answer.status !== 200 || !answer.body.equals(body))
    throw new Error(`another body than ${webCase.file}: ${answer.head}`);
  if (webCase.status === 200) return { request, answer: answer.bytes };
  const conditional = requestOf(path, [...fields, `If-None-Match: ${fieldOf(answer.head, "ETag")}`]);
  const notModified = await ask(port, conditional);
  if (notModified.status !== 304) throw new Error(`not 304: ${notModified.head}`);
  return { request: conditional, answer: notModified.bytes };
}
