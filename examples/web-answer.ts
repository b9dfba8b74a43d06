// The answer to one request: a page from examples/pages/ and its head, see web-server.ts.
import { readFileSync } from "node:fs";
import { STATUS_CODES } from "node:http";
import { choose } from "./language.ts";
import type { Request } from "./web-request.ts";

const [welcome, other] = [page("welcome.html"), page(choose("other.html", "other.zh.html"))];

/** `/go` welcomes the visitor at `host`, and everything else is not found. */
export function answer({ status, method, path, isLast }: Request, host: string): string {
  const isFound = status === 200 && path === "/go";
  const body = isFound ? welcome.replaceAll("{{content}}", () => escaped(host)) : other;
  const code = status === 200 && !isFound ? 404 : status;
  const head = [
    `HTTP/1.1 ${code} ${STATUS_CODES[code]}`,
    "Server: PWS1.0",
    `Date: ${new Date().toUTCString()}`,
    "Content-Type: text/html; charset=utf-8",
    `Content-Length: ${Buffer.byteLength(body)}`,
    `Connection: ${isLast ? "close" : "keep-alive"}`,
  ];
  // RFC 9110, 9.3.2: the answer to HEAD is that to GET without the body, its length included.
  return `${head.join("\r\n")}\r\n\r\n${method === "HEAD" ? "" : body}`;
}

function page(name: string): string {
  return readFileSync(new URL(`pages/${name}`, import.meta.url), "utf8");
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
