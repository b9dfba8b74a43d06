import { type AddressUrl, checkConnectable, parseSocketUrl, type SocketUrl } from "../../server/url/socket-url.ts";
import { CommandError, exitCodes } from "../command-error.ts";
import type { WebSocketAddress } from "./web-socket-connection.ts";

/** The protocol and address by which to join a chat. */
export type JoinTarget =
  | { readonly type: "lines"; readonly url: AddressUrl }
  | { readonly type: "websocket"; readonly place: WebSocketAddress };

/** @throws CommandError, SocketUrlError. */
export function joinTargetOf(text: string): JoinTarget {
  if (/^http:/i.test(text)) return { type: "websocket", place: webPlace(text) };
  if (/^https:/i.test(text)) return { type: "websocket", place: securePlace(text) };
  const [, secureUnix, path] = /^http(s?)\+unix:(?!@)(.+)$/i.exec(text) ?? [];
  if (secureUnix === "s") return { type: "websocket", place: { url: "wss://localhost/ws", secure: secureUrl(text) } };
  if (path !== undefined) return { type: "websocket", place: { url: "ws://localhost/ws", path } };
  const [, secure, rest] = /^ws(s?):\/\/(.*?)(?:ws)?$/i.exec(text) ?? [];
  if (rest !== undefined) throw refusal(text, `is not the address of the page: write http${secure}://${rest}`);
  const url = parseSocketUrl(text);
  checkConnectable(url);
  if (isLines(url)) return { type: "lines", url };
  throw refusal(text, "is not the address of a chat: write http://HOST:PORT/chat/, tcp://HOST:PORT or unix:PATH");
}

function isLines({ scheme }: SocketUrl): boolean {
  return ["tcp", "unix", "vsock", "tls", "tls+unix"].includes(scheme);
}

/** The place of an `https:` URL, whose query has the options of TLS. */
function securePlace(text: string): WebSocketAddress {
  const [bare = "", query] = text.split(/\?(.*)/s, 2);
  const { url } = webPlace(bare);
  const [, host = ""] = /^https:\/\/([^/#]*)/i.exec(bare) ?? [];
  return { url, secure: secureUrl(`https://${host}${query === undefined ? "" : `?${query}`}`) };
}

/** Checks the URL of a socket with TLS. */
function secureUrl(text: string): string {
  checkConnectable(parseSocketUrl(text));
  return text;
}

function webPlace(text: string): WebSocketAddress {
  let url: URL;
  try {
    url = new URL(text);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw refusal(text, "is not a valid URL: write http://HOST:PORT/chat/");
  }
  if (url.username !== "" || url.search !== "" || url.hash !== "")
    throw refusal(text, "has a user, a query or a fragment: write http://HOST:PORT/chat/");
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  url.pathname = url.pathname.replace(/\/?$/, "/ws");
  return { url: url.href };
}

function refusal(text: string, reason: string): CommandError {
  return new CommandError(`${JSON.stringify(text)} ${reason}`, exitCodes.usage);
}
