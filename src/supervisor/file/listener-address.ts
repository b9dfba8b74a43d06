import { resolve } from "node:path";
import { isMountPath } from "../../http/service/mounts.ts";
import { baseOf, isDatagramUrl, SCHEMES } from "../../server/url/schemes.ts";
import {
  formatSocketUrl,
  isInherited,
  parseSocketUrl,
  type SocketUrl,
  SocketUrlError,
} from "../../server/url/socket-url.ts";
import type { ListenerKinds } from "../kinds.ts";
import { withAbsoluteFiles } from "./certificate-files.ts";
import { shown } from "./shown.ts";

/** The URL and the path that a service is served at. */
export interface ListenerAddress {
  readonly url: SocketUrl;
  /** The path of the service on an HTTP listener; undefined on other listeners. */
  readonly mount: string | undefined;
}

/** What the check of a place depends on. */
export interface AddressContext {
  /** The folder that relative paths refer to. */
  readonly folder: string;
  /** The listeners that a built-in kind supports; undefined for a module, whose service is checked once it is loaded. */
  readonly listenerKinds: ListenerKinds | undefined;
  /** The name of the service in messages, such as `greet`. */
  readonly who: string;
}

/** A mistake in a place. */
export class AddressError extends Error {
  readonly key: "url" | "mount";

  constructor(message: string, key: "url" | "mount" = "url") {
    super(message);
    this.key = key;
  }
}

/**
 * Returns the place for a URL. Its mount is the path of an `http:` or `https:` URL, or `mount` for a URL that cannot have a path.
 *
 * @throws PlaceError.
 */
export function listenerAddressOf(text: string, mount: string | undefined, context: AddressContext): ListenerAddress {
  const [bare, path] = withoutPath(text);
  const url = parsed(bare, context.folder);
  const isHttp = SCHEMES.get(url.scheme)?.protocol === "http";
  if (isHttp || (isInherited(url) && (mount !== undefined || isHttpAlone(context.listenerKinds)))) {
    checkHttp(text, url, context);
    return { url, mount: mountOf(text, url, path, mount) };
  }
  if (mount !== undefined)
    throw new AddressError(`mount is for listeners that speak HTTP, and ${shown(text)} is none; leave it out`, "mount");
  checkSocket(text, url, context);
  return { url, mount: undefined };
}

/** Splits an `http:` or `https:` URL into the URL without its path, and the path. */
function withoutPath(text: string): [url: string, path: string | undefined] {
  const [, host, path, query = ""] = /^(https?:\/\/[^/?#]*)(\/[^?#]*)(\?.*)?$/s.exec(text) ?? [];
  return host === undefined ? [text, undefined] : [`${host}${query}`, path];
}

function parsed(text: string, folder: string): SocketUrl {
  try {
    const url = withAbsoluteFiles(parseSocketUrl(text), folder);
    if (!("path" in url)) return url;
    // The absolute path is parsed again: its length is checked, and a name that begins with @ is not taken for an abstract name.
    return parseSocketUrl(formatSocketUrl({ ...url, path: resolve(folder, url.path) }));
  } catch (error) {
    if (!(error instanceof SocketUrlError)) throw error;
    throw new AddressError(urlMistake(error));
  }
}

/** What is wrong with a URL, in the form of a mistake in a file. */
export function urlMistake(error: SocketUrlError): string {
  const input = JSON.stringify(error.input);
  const reason = error.message
    .slice(input.length)
    .replace(/: (?=write |did you |there |use |a |groups |leave |add )/, "; ");
  return `${shown(error.input)}${reason}`;
}

function mountOf(text: string, url: SocketUrl, path: string | undefined, mount: string | undefined): string {
  if (mount !== undefined && (url.scheme === "http" || url.scheme === "https")) {
    const { host, port } = /^https?:\/\/(?<host>[^/?#:]*|\[[^\]]*\])(?<port>:\d+)?/.exec(text)?.groups ?? {};
    throw new AddressError(
      `mount is for URLs that have no path; write it into the URL, as in "${url.scheme}://${host ?? "HOST"}${port ?? ""}/chat/"`,
      "mount",
    );
  }
  const given = mount ?? path ?? "/";
  if (isMountPath(given)) return given;
  const key = mount === undefined ? "url" : "mount";
  if (isMountPath(`${given}/`)) {
    const right = mount === undefined ? text.replace(/^(https?:\/\/[^/]*[^?]*)/, "$1/") : `${given}/`;
    throw new AddressError(`${shown(mount ?? text)} lacks the slash behind its path; write "${right}"`, key);
  }
  throw new AddressError(
    `${shown(mount ?? text)} has a path that no service can have; write one with a slash at both ends, such as "/chat/"`,
    key,
  );
}

function isHttpAlone(listenerKinds: ListenerKinds | undefined): boolean {
  return listenerKinds?.http === true && !listenerKinds.streams && !listenerKinds.datagrams;
}

function checkHttp(text: string, url: SocketUrl, { listenerKinds, who }: AddressContext): void {
  if (listenerKinds === undefined || listenerKinds.http) return;
  const instead = isInherited(url) ? "leave out the mount" : `write ${shown(withoutHttp(text))}`;
  throw new AddressError(`${who} does not speak HTTP, so it cannot be on ${shown(text)}; ${instead}`);
}

function withoutHttp(text: string): string {
  return text
    .replace(/^http(s?)\+unix:/, (_, tls: string) => (tls === "" ? "unix:" : "tls+unix:"))
    .replace(/^http(s?):(\/\/[^/?]*)[^?]*/, (_, tls: string, host: string) => `${tls === "" ? "tcp" : "tls"}:${host}`);
}

function checkSocket(text: string, url: SocketUrl, { listenerKinds, who }: AddressContext): void {
  // Whether an inherited socket takes datagrams is known only when it is opened.
  if (listenerKinds === undefined || (isInherited(url) && (listenerKinds.streams || listenerKinds.datagrams))) return;
  if (isHttpAlone(listenerKinds)) {
    const http = SCHEMES.get(url.scheme)?.handshake === undefined ? "http" : "https";
    const unix = "path" in url ? `"${text.replace(/^(?:tls\+)?unix[^:]*:/, `${http}+unix:`)}"` : `${http}+unix:PATH`;
    const instead = "host" in url ? `"${http}://${/\/\/([^?]*)/.exec(text)?.[1] ?? "HOST:PORT"}/"` : unix;
    throw new AddressError(`${who} speaks HTTP alone, so it cannot be on ${shown(text)}; write ${instead}`);
  }
  const isDatagrams = isDatagramUrl(url);
  if (isDatagrams ? listenerKinds.datagrams : listenerKinds.streams) return;
  const scheme = isDatagrams === (baseOf(url) === "udp") && isDatagrams ? "tcp" : "unix";
  throw new AddressError(
    `${who} takes no ${isDatagrams ? "datagrams" : "connections"}, so it cannot be on ${shown(text)}; write ${shown(text.replace(/^[^:]*/, scheme))}`,
  );
}
