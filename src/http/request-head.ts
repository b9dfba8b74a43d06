import { type Fields, listMembers } from "./fields.ts";
import { type Refusal, refusalOf } from "./refusal.ts";
import { type RequestFraming, requestFraming } from "./request-framing.ts";
import { type RequestTarget, requestTarget } from "./request-target.ts";
import { endOfHost } from "./uri-host.ts";

/** The head of a request, as it was sent, and parsed. */
export interface RequestHead {
  /** The method, case-sensitive; an unknown method is passed on: RFC 9110, section 9.1. */
  readonly method: string;
  /** The target as it was sent. */
  readonly target: string;
  /** The parsed target. */
  readonly parsedTarget: RequestTarget;
  /** The version; 1.2 to 1.9 count as 1.1: RFC 9110, section 2.5. */
  readonly version: "1.0" | "1.1";
  readonly fields: Fields;
  /** The authority of the target, or else of Host; empty when neither has one. */
  readonly authority: string;
  readonly framing: RequestFraming;
  /** Whether the connection may serve another request: RFC 9112, section 9.3. */
  readonly isKeepAlive: boolean;
  /** Whether the client waits for `100 Continue` before its body: RFC 9110, section 10.1.1. */
  readonly expectsContinue: boolean;
  /** The protocols to which the client would upgrade, as Upgrade lists them: RFC 9110, section 7.8. */
  readonly upgrade: string | undefined;
}

/** Interprets a request line and fields. Their characters must be valid already. Returns why a request is refused. */
export function requestHead(method: string, target: string, minor: number, fields: Fields): RequestHead | Refusal {
  const parsedTarget = requestTarget(method, target);
  if (parsedTarget === undefined) return refusalOf("target-malformed");
  const { hosts, host, length, coding, connection, expect, upgrade } = controlFields(fields);
  // RFC 9112, section 3.2: an HTTP/1.1 request has one Host line, and no request has several.
  if (hosts > 1) return refusalOf("host-repeated");
  if (hosts === 0 && minor > 0) return refusalOf("host-missing");
  // Host may be empty when the target has no authority.
  if (host !== "" && endOfHost(host) < 0) return refusalOf("host-malformed");
  const framing = requestFraming(length, coding, minor);
  if (!("body" in framing)) return framing;
  // RFC 9110, sections 7.8 and 10.1.1: Upgrade and Expect are ignored in HTTP/1.0.
  const expects = minor > 0 ? expect : undefined;
  if (expects !== undefined && !isContinue(expects)) return refusalOf("expectation-unknown");
  const options = connection === undefined ? NO_OPTIONS : listMembers(connection.toLowerCase());
  return {
    method,
    target,
    parsedTarget,
    version: minor === 0 ? "1.0" : "1.1",
    fields,
    authority: parsedTarget.authority ?? host,
    framing,
    isKeepAlive: !options.includes("close") && (minor > 0 || options.includes("keep-alive")),
    expectsContinue: expects !== undefined && hasContent(framing),
    upgrade: minor > 0 && options.includes("upgrade") ? upgrade : undefined,
  };
}

const NO_OPTIONS: readonly string[] = [];

interface ControlFields {
  hosts: number;
  host: string;
  length: string | undefined;
  coding: string | undefined;
  connection: string | undefined;
  expect: string | undefined;
  upgrade: string | undefined;
}

/** Finds the fields that control how the request is processed, in one pass: the length of the name excludes most others. */
function controlFields(fields: Fields): ControlFields {
  const found: ControlFields = {
    hosts: 0,
    host: "",
    length: undefined,
    coding: undefined,
    connection: undefined,
    expect: undefined,
    upgrade: undefined,
  };
  for (let index = 0; index < fields.size; index++) {
    switch (fields.nameLengthAt(index)) {
      case "host".length:
        if (!fields.isNamed(index, "host")) break;
        found.hosts++;
        found.host = fields.valueAt(index);
        break;
      case "expect".length:
        if (fields.isNamed(index, "expect")) found.expect = append(found.expect, fields, index);
        break;
      case "upgrade".length:
        if (fields.isNamed(index, "upgrade")) found.upgrade = append(found.upgrade, fields, index);
        break;
      case "connection".length:
        if (fields.isNamed(index, "connection")) found.connection = append(found.connection, fields, index);
        break;
      case "content-length".length:
        if (fields.isNamed(index, "content-length")) found.length = append(found.length, fields, index);
        break;
      case "transfer-encoding".length:
        if (fields.isNamed(index, "transfer-encoding")) found.coding = append(found.coding, fields, index);
        break;
    }
  }
  return found;
}

/** Appends a value to a list: several lines of one name are one list, RFC 9110, section 5.3. */
function append(before: string | undefined, fields: Fields, index: number): string {
  const value = fields.valueAt(index);
  return before === undefined ? value : `${before}, ${value}`;
}

function hasContent(framing: RequestFraming): boolean {
  return framing.body === "chunked" || (framing.body === "length" && framing.length > 0);
}

function isContinue(value: string): boolean {
  return listMembers(value.toLowerCase()).every((member) => member === "100-continue");
}
