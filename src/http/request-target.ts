import { endOfHost, hasPort } from "./uri-host.ts";

const SLASH = 47;
/** An absolute target with one of the schemes of HTTP: RFC 9110, section 4.2. */
const ABSOLUTE = /^https?:\/\/([^/?]*)/i;

/** The parsed target of a request: RFC 9112, section 3.2. */
export interface RequestTarget {
  readonly form: "origin" | "absolute" | "authority" | "asterisk";
  /** The path as it was sent, with its percent-encoding; `*` for the server as a whole; empty for CONNECT. */
  readonly path: string;
  /** The text after the first question mark; undefined when there is none. */
  readonly query: string | undefined;
  /** The authority of an absolute or authority form: it overrides Host, RFC 9112, section 3.2.2. */
  readonly authority: string | undefined;
}

const ASTERISK: RequestTarget = { form: "asterisk", path: "*", query: undefined, authority: undefined };

/**
 * Parses a target whose characters are valid already. Undefined when it has none of the forms that the method allows. It does
 * not check the percent-encoding, since browsers send a bare `%`: the code that decodes the path does.
 */
export function requestTarget(method: string, text: string): RequestTarget | undefined {
  if (method === "CONNECT") {
    if (!hasPort(text)) return undefined;
    return { form: "authority", path: "", query: undefined, authority: text };
  }
  if (text.charCodeAt(0) === SLASH) return splitQuery("origin", text, undefined);
  if (text === "*") return method === "OPTIONS" ? ASTERISK : undefined;
  const [start = "", authority = ""] = ABSOLUTE.exec(text) ?? [];
  // RFC 9110, section 4.2.1: a target without a host is refused; 4.2.4: so is one with userinfo.
  if (endOfHost(authority) < 0) return undefined;
  const rest = text.slice(start.length);
  // RFC 9112, section 3.2.4: OPTIONS without a path is for the server as a whole.
  if (rest === "" && method === "OPTIONS") return { form: "absolute", path: "*", query: undefined, authority };
  return splitQuery("absolute", rest.startsWith("/") ? rest : `/${rest}`, authority);
}

function splitQuery(form: "origin" | "absolute", text: string, authority: string | undefined): RequestTarget {
  const mark = text.indexOf("?");
  if (mark < 0) return { form, path: text, query: undefined, authority };
  return { form, path: text.slice(0, mark), query: text.slice(mark + 1), authority };
}
