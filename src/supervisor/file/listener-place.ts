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
import type { Doors } from "../kinds.ts";
import { shown } from "./shown.ts";

/** Where a service listens. */
export interface ListenerPlace {
  readonly url: SocketUrl;
  /** Below which path, where HTTP is spoken. */
  readonly mount: string | undefined;
}

/** What is said of a place: by whom, and for what. */
export interface PlaceContext {
  /** Paths belong to it. */
  readonly folder: string;
  /** Of a kind: what it can be served on; a module's service is looked at when it is there. */
  readonly doors: Doors | undefined;
  /** Such as `greet`. */
  readonly who: string;
}

/** What is wrong with a place. */
export class PlaceError extends Error {
  readonly key: "url" | "mount";

  constructor(message: string, key: "url" | "mount" = "url") {
    super(message);
    this.key = key;
  }
}

/**
 * The place that a URL names, with the path behind the host of an `http:` URL, or one that is given besides where a URL cannot have one.
 *
 * @throws PlaceError.
 */
export function listenerPlace(text: string, mount: string | undefined, context: PlaceContext): ListenerPlace {
  const [bare, path] = withoutPath(text);
  const url = parsed(bare, context.folder);
  const isHttp = SCHEMES.get(url.scheme)?.protocol === "http";
  if (isHttp || (isInherited(url) && (mount !== undefined || isHttpAlone(context.doors)))) {
    checkHttp(text, url, context);
    return { url, mount: mountOf(text, url, path, mount) };
  }
  if (mount !== undefined)
    throw new PlaceError(`mount is for listeners that speak HTTP, and ${shown(text)} is none; leave it out`, "mount");
  checkSocket(text, url, context);
  return { url, mount: undefined };
}

/** An `http:` URL without its path, and the path. */
function withoutPath(text: string): [url: string, path: string | undefined] {
  const [, host, path, query = ""] = /^(http:\/\/[^/?#]*)(\/[^?#]*)(\?.*)?$/s.exec(text) ?? [];
  return host === undefined ? [text, undefined] : [`${host}${query}`, path];
}

function parsed(text: string, folder: string): SocketUrl {
  try {
    const url = parseSocketUrl(text);
    if (!("path" in url)) return url;
    // A path that begins with @ is told from an abstract name, and one that is too long is so where it is whole.
    return parseSocketUrl(formatSocketUrl({ ...url, path: resolve(folder, url.path) }));
  } catch (error) {
    if (!(error instanceof SocketUrlError)) throw error;
    const input = JSON.stringify(error.input);
    const reason = error.message.slice(input.length).replace(/: (?=write |did you |there |use |a |groups )/, "; ");
    throw new PlaceError(`${shown(error.input)}${reason}`);
  }
}

function mountOf(text: string, url: SocketUrl, path: string | undefined, mount: string | undefined): string {
  if (mount !== undefined && url.scheme === "http") {
    const { host, port } = /^http:\/\/(?<host>[^/?#:]*|\[[^\]]*\])(?<port>:\d+)?/.exec(text)?.groups ?? {};
    throw new PlaceError(
      `mount is for URLs that have no path; write it into the URL, as in "http://${host ?? "HOST"}${port ?? ""}/chat/"`,
      "mount",
    );
  }
  const given = mount ?? path ?? "/";
  if (isMountPath(given)) return given;
  const key = mount === undefined ? "url" : "mount";
  if (isMountPath(`${given}/`)) {
    const right = mount === undefined ? text.replace(/^(http:\/\/[^/]*[^?]*)/, "$1/") : `${given}/`;
    throw new PlaceError(`${shown(mount ?? text)} lacks the slash behind its path; write "${right}"`, key);
  }
  throw new PlaceError(
    `${shown(mount ?? text)} has a path that no service can have; write one with a slash at both ends, such as "/chat/"`,
    key,
  );
}

function isHttpAlone(doors: Doors | undefined): boolean {
  return doors?.http === true && !doors.streams && !doors.datagrams;
}

function checkHttp(text: string, url: SocketUrl, { doors, who }: PlaceContext): void {
  if (doors === undefined || doors.http) return;
  const instead = isInherited(url) ? "leave out the mount" : `write ${shown(withoutHttp(text))}`;
  throw new PlaceError(`${who} does not speak HTTP, so it cannot be on ${shown(text)}; ${instead}`);
}

function withoutHttp(text: string): string {
  return text.replace(/^http\+unix:/, "unix:").replace(/^http:(\/\/[^/?]*)[^?]*/, "tcp:$1");
}

function checkSocket(text: string, url: SocketUrl, { doors, who }: PlaceContext): void {
  // Whether a socket that is passed on takes datagrams is known when it is there.
  if (doors === undefined || (isInherited(url) && (doors.streams || doors.datagrams))) return;
  if (isHttpAlone(doors)) {
    const unix = "path" in url ? `"${text.replace(/^unix[^:]*:/, "http+unix:")}"` : "http+unix:PATH";
    const instead = "host" in url ? `"http://${/\/\/([^?]*)/.exec(text)?.[1] ?? "HOST:PORT"}/"` : unix;
    throw new PlaceError(`${who} speaks HTTP alone, so it cannot be on ${shown(text)}; write ${instead}`);
  }
  const isDatagrams = isDatagramUrl(url);
  if (isDatagrams ? doors.datagrams : doors.streams) return;
  const scheme = isDatagrams === (baseOf(url) === "udp") && isDatagrams ? "tcp" : "unix";
  throw new PlaceError(
    `${who} takes no ${isDatagrams ? "datagrams" : "connections"}, so it cannot be on ${shown(text)}; write ${shown(text.replace(/^[^:]*/, scheme))}`,
  );
}
