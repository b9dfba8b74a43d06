import { endOfHost, hasPort } from "./uri-host.ts";

const SLASH = 47;
/** Of the schemes alone that this server has: RFC 9110, section 4.2. */
const ABSOLUTE = /^https?:\/\/([^/?]*)/i;

/** What a request is for: RFC 9112, section 3.2. */
export interface RequestTarget {
  readonly form: "origin" | "absolute" | "authority" | "asterisk";
  /** As it was sent, with its percent-encoding; `*` where the server as a whole is meant; empty for CONNECT. */
  readonly path: string;
  /** What is behind the first question mark; undefined where there is none. */
  readonly query: string | undefined;
  /** Of an absolute or authority form: it goes before Host, RFC 9112, section 3.2.2. */
  readonly authority: string | undefined;
}

const ASTERISK: RequestTarget = { form: "asterisk", path: "*", query: undefined, authority: undefined };

/**
 * Takes a target apart whose letters are known to be those of a target. Undefined: none of the forms that this method may
 * have. A bad percent-encoding is left to whoever decodes the path: browsers send `%` as it is.
 */
export function requestTarget(method: string, text: string): RequestTarget | undefined {
  if (method === "CONNECT") {
    if (!hasPort(text)) return undefined;
    return { form: "authority", path: "", query: undefined, authority: text };
  }
  if (text.charCodeAt(0) === SLASH) return withPath("origin", text, undefined);
  if (text === "*") return method === "OPTIONS" ? ASTERISK : undefined;
  const [start = "", authority = ""] = ABSOLUTE.exec(text) ?? [];
  // RFC 9110, section 4.2.1: without a host it is refused; 4.2.4: so is userinfo, which is no host either.
  if (endOfHost(authority) < 0) return undefined;
  const rest = text.slice(start.length);
  // RFC 9112, section 3.2.4: OPTIONS without a path is for the server as a whole.
  if (rest === "" && method === "OPTIONS") return { form: "absolute", path: "*", query: undefined, authority };
  return withPath("absolute", rest.startsWith("/") ? rest : `/${rest}`, authority);
}

function withPath(form: "origin" | "absolute", text: string, authority: string | undefined): RequestTarget {
  const mark = text.indexOf("?");
  if (mark < 0) return { form, path: text, query: undefined, authority };
  return { form, path: text.slice(0, mark), query: text.slice(mark + 1), authority };
}
