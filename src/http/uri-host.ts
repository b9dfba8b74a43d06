import { isIPv6 } from "node:net";
import { REG_NAME } from "./byte-class.ts";
import { endOfRun } from "./fields.ts";

/** The highest port in a Host field or a target. */
const MAX_PORT = 65_535;
const COLON = 58;
/** A host in brackets or with percent-encoding, followed by a colon or the end: RFC 3986, section 3.2.2. */
const UNUSUAL =
  /^(?:\[(?:(?<ipv6>[\d.:a-f]+)|v[\da-f]+\.[\w.~!$&'()*+,;=:-]+)\]|(?:[\w.~!$&'()*+,;=-]|%[\da-f]{2})+)(?=:|$)/i;

/**
 * The end of the host in `uri-host [ ":" port ]`, RFC 9110, section 7.2: its colon, or the end of the text. -1 when the text has
 * another form: with userinfo, an empty host, a zone, or a port above 65 535.
 */
export function endOfHost(text: string): number {
  const end = endOfHostName(text);
  if (end < 0 || end === text.length) return end;
  return text.charCodeAt(end) === COLON && isPort(text, end + 1) ? end : -1;
}

/** Whether a non-empty port follows the host. */
export function hasPort(text: string): boolean {
  const end = endOfHost(text);
  return end >= 0 && end + 1 < text.length;
}

function endOfHostName(text: string): number {
  const end = endOfRun(text, 0, REG_NAME);
  if (end > 0 && (end === text.length || text.charCodeAt(end) === COLON)) return end;
  const unusual = UNUSUAL.exec(text);
  if (unusual === null) return -1;
  const ipv6 = unusual.groups?.["ipv6"];
  return ipv6 === undefined || isIPv6(ipv6) ? unusual[0].length : -1;
}

/** Whether the rest of the text is a port, `*DIGIT`; it may be empty, RFC 3986, section 3.2.3. */
function isPort(text: string, from: number): boolean {
  let port = 0;
  for (let at = from; at < text.length; at++) {
    const digit = text.charCodeAt(at) - 48;
    if (digit < 0 || digit > 9) return false;
    port = 10 * port + digit;
    if (port > MAX_PORT) return false;
  }
  return true;
}
