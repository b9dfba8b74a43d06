import type { ListenerOptions } from "../../server/listener-options.ts";
import { formatSocketUrl, type SocketUrl } from "../../server/url/socket-url.ts";
import { withAbsoluteFiles } from "./certificate-files.ts";
import type { KeyPath } from "./findings.ts";
import { type AddressContext, AddressError, listenerAddressOf } from "./listener-address.ts";
import { isTable, type PlainTable } from "./plain-data.ts";
import { type ReadOptions, readOptions, type TableContext } from "./read-options.ts";
import { LISTENER_KEYS, SHARED_KEYS } from "./shared-keys.ts";
import { shown } from "./shown.ts";

/** The most listeners of all services together. */
export const MAX_LISTENERS = 1_024;

const FORM = 'write a URL, such as "tcp://127.0.0.1:8000", a table such as { url = "…" }, or a list of these';
const NO_OPTIONS: ReadOptions = {};

/** A listener, and its place in the file. */
export interface ReadListener {
  /** The place of the whole listener. */
  readonly path: KeyPath;
  /** The place of its URL. */
  readonly urlPath: KeyPath;
  /** The URL as the file has it. */
  readonly text: string;
  readonly url: SocketUrl;
  readonly mount: string | undefined;
  readonly listener: ListenerOptions;
}

/** Reads `listen`. Invalid listeners become findings and are left out. */
export function readListeners(
  service: PlainTable,
  place: AddressContext,
  { path, findings }: TableContext,
): readonly ReadListener[] {
  const given = service["listen"];
  const own = [...path, "listen"];
  const listed = ["url", "mount", "many of [server], such as backlog"];
  const context = { path: own, findings, what: "a listener", listed };
  if (given === undefined) {
    findings.wrongKey(path, `the service has no listen; ${FORM}`);
    return [];
  }
  if (!Array.isArray(given)) return readListener(given, place, context);
  if (given.length === 0) findings.wrongValue(own, `listen is an empty list; ${FORM}`);
  return given.flatMap((each: unknown, index) => readListener(each, place, { ...context, path: [...own, index] }));
}

function readListener(given: unknown, place: AddressContext, context: TableContext): readonly ReadListener[] {
  const { path, findings } = context;
  const options = isTable(given) ? readOptions(given, LISTENER_KEYS, context, ofServer, ["url", "mount"]) : NO_OPTIONS;
  const url = isTable(given) ? given["url"] : given;
  const mount = isTable(given) ? given["mount"] : undefined;
  const urlPath = isTable(given) && url !== undefined ? [...path, "url"] : path;
  if (typeof url !== "string") {
    const lack = isTable(given) && url === undefined;
    findings.wrongValue(urlPath, lack ? `the listener has no url; ${FORM}` : `a listener is ${shown(url)}; ${FORM}`);
    return [];
  }
  if (mount !== undefined && typeof mount !== "string") {
    findings.wrongValue([...path, "mount"], `mount is ${shown(mount)}; write a path, such as "/chat/"`);
    return [];
  }
  try {
    const read = listenerAddressOf(url, mount, place);
    const listener: ListenerOptions = { ...withAbsoluteFiles(options, place.folder), url: formatSocketUrl(read.url) };
    return [{ path, urlPath, text: url, ...read, listener }];
  } catch (error) {
    if (!(error instanceof AddressError)) throw error;
    findings.wrongValue(error.key === "mount" ? [...path, "mount"] : urlPath, error.message);
    return [];
  }
}

/** Advice for a key that a service can set, but not a single listener. */
function ofServer(key: string): string | undefined {
  return SHARED_KEYS.has(key) ? "it is one of the service; write it beside listen" : undefined;
}
