// A second implementation of requests in RFC 9110 and RFC 9112: slow, with one pattern for each rule.
import { isIPv6 } from "node:net";
import { isDeepStrictEqual } from "node:util";

const TOKEN = "[A-Za-z0-9!#$%&'*+.^_`|~-]+";
const TEXT = "[\\t\\x20-\\x7e\\x80-\\xff]*";
const FIELD = `(?:${TOKEN}:${TEXT}\\r\\n)`;
const HEAD = new RegExp(`^((?:\\r\\n){0,4})(((${TOKEN}) ([\\x21-\\x7e]+) HTTP/1\\.(\\d))\\r\\n)(${FIELD}*\\r\\n)`);
const PATH = "[A-Za-z0-9\\-._~!$&'()*+,;=:@%/\\[\\]^|]";
const QUERY = "[A-Za-z0-9\\-._~!$&'()*+,;=:@%/\\[\\]^|?\\\\`{}]";
const TARGETS = {
  origin: new RegExp(`^()(/${PATH}*)(?:\\?(${QUERY}*))?$`),
  absolute: new RegExp(`^https?://(${PATH}+?)((?:/${PATH}*)?)(?:\\?(${QUERY}*))?$`, "i"),
};
const HOST =
  /^(?:(?:[\w.~!$&'()*+,;=-]|%[0-9a-f]{2})+|\[([0-9a-f:.]+)\]|\[v[0-9a-f]+\.[\w.~!$&'()*+,;=:-]+\])(?::(\d*))?$/i;

export interface ReferenceHead {
  readonly method: string;
  readonly target: string;
  readonly form: string;
  readonly path: string;
  readonly query: string | undefined;
  readonly version: string;
  readonly authority: string;
  readonly framing: object;
  readonly isKeepAlive: boolean;
  readonly expectsContinue: boolean;
  readonly upgrade: string | undefined;
  readonly fields: readonly (readonly [string, string])[];
}

/** All heads at the beginning of the text, and the text after them. */
export function referenceHeads(text: string): { heads: ReferenceHead[]; rest: string } {
  const heads: ReferenceHead[] = [];
  let rest = text;
  for (;;) {
    const [whole] = HEAD.exec(rest) ?? [];
    const head = whole === undefined ? undefined : headOf(whole);
    if (whole === undefined || head === undefined) return { heads, rest };
    heads.push(head);
    rest = rest.slice(whole.length);
  }
}

function headOf(text: string): ReferenceHead | undefined {
  const [, , , line = "", method = "", target = "", minor = "", section = ""] = HEAD.exec(text) ?? [];
  if (method.length > 32 || line.length > 8192 || section.length > 32_768) return undefined;
  const lines = section.split("\r\n").slice(0, -2);
  if (lines.length > 100) return undefined;
  const fields = lines.map((each): [string, string] => {
    const colon = each.indexOf(":");
    return [each.slice(0, colon), each.slice(colon + 1).replace(/^[ \t]*|[ \t]*$/g, "")];
  });
  const values = (name: string): string[] =>
    fields.filter(([each]) => each.toLowerCase() === name).map(([, value]) => value);
  const list = (name: string): string[] =>
    values(name).flatMap((value) =>
      value
        .toLowerCase()
        .split(",")
        .map((each) => each.replace(/^[ \t]*|[ \t]*$/g, "")),
    );
  const isOld = minor === "0";
  const to = targetOf(method, target);
  const hosts = values("host");
  const [host = ""] = hosts;
  if (to === undefined || hosts.length > 1 || (hosts.length === 0 && !isOld)) return undefined;
  if (host !== "" && !isHost(host)) return undefined;
  const framing = framingOf(values("content-length"), values("transfer-encoding"), isOld);
  if (framing === undefined) return undefined;
  const expects = isOld ? [] : list("expect");
  if (expects.some((each) => each !== "100-continue")) return undefined;
  const options = list("connection");
  return {
    method,
    target,
    ...to,
    authority: to.authority ?? host,
    version: isOld ? "1.0" : "1.1",
    framing,
    isKeepAlive: isOld ? options.includes("keep-alive") && !options.includes("close") : !options.includes("close"),
    expectsContinue:
      expects.length > 0 &&
      !isDeepStrictEqual(framing, { body: "none" }) &&
      !values("content-length").some((value) => Number(value) === 0),
    upgrade:
      !isOld && options.includes("upgrade") && values("upgrade").length > 0 ? values("upgrade").join(", ") : undefined,
    fields,
  };
}

interface Target {
  form: string;
  path: string;
  query: string | undefined;
  authority: string | undefined;
}

function targetOf(method: string, target: string): Target | undefined {
  if (method === "CONNECT") {
    if (!isHost(target) || !/:\d+$/.test(target)) return undefined;
    return { form: "authority", path: "", query: undefined, authority: target };
  }
  if (method === "OPTIONS" && target === "*")
    return { form: "asterisk", path: "*", query: undefined, authority: undefined };
  for (const [form, pattern] of Object.entries(TARGETS)) {
    const match = pattern.exec(target);
    if (match === null) continue;
    const [, authority = "", path = "", query] = match;
    if (form === "origin") return { form, path, query, authority: undefined };
    if (!isHost(authority)) return undefined;
    const none = method === "OPTIONS" && query === undefined ? "*" : "/";
    return { form, path: path === "" ? none : path, query, authority };
  }
  return undefined;
}

function isHost(text: string): boolean {
  const match = HOST.exec(text);
  if (match === null) return false;
  const [, ipv6 = "::", port = ""] = match;
  return isIPv6(ipv6) && Number(port) < 65_536;
}

function framingOf(lengths: readonly string[], codings: readonly string[], isOld: boolean): object | undefined {
  if (codings.length === 0 && lengths.length === 0) return { body: "none" };
  if (codings.length === 1 && lengths.length === 0 && !isOld) {
    return /^chunked$/i.test(codings[0] ?? "") ? { body: "chunked" } : undefined;
  }
  const [length = ""] = lengths;
  if (lengths.length !== 1 || codings.length > 0 || !/^\d+$/.test(length)) return undefined;
  return Number.isSafeInteger(Number(length)) ? { body: "length", length: Number(length) } : undefined;
}

const SPACE = "[ \\t]*";
const QUOTED = '"(?:[\\t\\x20\\x21\\x23-\\x5b\\x5d-\\x7e\\x80-\\xff]|\\\\[\\t\\x20-\\x7e\\x80-\\xff])*"';
const EXTENSION = `${SPACE};${SPACE}${TOKEN}(?:${SPACE}=${SPACE}(?:${TOKEN}|${QUOTED}))?`;
const CHUNK = new RegExp(`^([0-9A-Fa-f]{1,16})((?:${EXTENSION})*)\\r\\n`);
const TRAILERS = new RegExp(`^(${FIELD}*)\\r\\n`);
const NO_TRAILERS =
  /^(?:content-(?:length|encoding|type|range)|transfer-encoding|trailer|host|connection|keep-alive|proxy-connection|upgrade|cache-control|expect|max-forwards|pragma|range|te|accept-encoding|if-(?:match|none-match|modified-since|unmodified-since|range)|(?:proxy-)?authorization|(?:proxy|www)-authenticate|(?:set-)?cookie|age|expires|date|location|retry-after|vary|warning)$/i;

/** A chunked body at the beginning of the text; `trailers` and `rest` only for a complete one. */
export function referenceBody(text: string): {
  data: string;
  trailers: (readonly [string, string])[] | undefined;
  rest: string;
} {
  let data = "";
  let rest = text;
  let extensions = 0;
  for (;;) {
    const [line, digits = "", extension = ""] = CHUNK.exec(rest) ?? [];
    const size = Number.parseInt(digits, 16);
    extensions += extension.length;
    if (line === undefined || line.length > 1025 || extensions > 16_384 || !Number.isSafeInteger(size)) break;
    rest = rest.slice(line.length);
    if (size === 0) {
      const [section, lines = ""] = TRAILERS.exec(rest) ?? [];
      const trailers = lines.split("\r\n").slice(0, -1);
      if (section === undefined || section.length > 8192 || trailers.length > 32) break;
      const fields = trailers.map((each): [string, string] => {
        const colon = each.indexOf(":");
        return [each.slice(0, colon), each.slice(colon + 1).replace(/^[ \t]*|[ \t]*$/g, "")];
      });
      return { data, trailers: fields.filter(([name]) => !NO_TRAILERS.test(name)), rest: rest.slice(section.length) };
    }
    data += rest.slice(0, size);
    if (rest.slice(size, size + 2) !== "\r\n") break;
    rest = rest.slice(size + 2);
  }
  return { data, trailers: undefined, rest: "" };
}
