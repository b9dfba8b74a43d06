import { isIP } from "node:net";
import { domainToASCII } from "node:url";
import { canonicalIp, ipBytes } from "../codec/ip-address.ts";
import { CertificateError } from "./certificate-error.ts";
import { contextual, sequence } from "./der.ts";

/** What a certificate is for: a DNS name in ASCII and lower case, perhaps with a wildcard, or an address in canonical form. */
export interface SubjectAltName {
  readonly kind: "dns" | "ip";
  readonly text: string;
}

/** How many names a certificate has at most: it stays below the 100 KiB that OpenSSL accepts of a chain. */
export const MAX_CERTIFICATE_NAMES = 100;

/** How long a name is at most: RFC 1035, section 2.3.4, without the dot of the root. */
export const MAX_HOST_NAME_LENGTH = 253;

/** Of a name that is refused, an error shows so many characters. */
const MAX_SHOWN_LENGTH = 64;

/** A label of a host name: RFC 1123, section 2.1. */
const LABEL = /^[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?$/;

/**
 * Parses the names of one certificate. Case does not count, a name in another script becomes punycode, and a name that is
 * given twice counts once.
 *
 * @throws CertificateError for no name, more than {@link MAX_CERTIFICATE_NAMES}, and a name that is no host name, address or
 * wildcard.
 */
export function parseSubjectAltNames(texts: readonly string[]): readonly SubjectAltName[] {
  const names = new Map(texts.slice(0, MAX_CERTIFICATE_NAMES + 1).map((text) => [text, parseName(text)]));
  if (texts.length > MAX_CERTIFICATE_NAMES)
    throw new CertificateError(
      `a certificate has at most ${MAX_CERTIFICATE_NAMES} names, and these are ${texts.length}`,
    );
  if (texts.length === 0) throw new CertificateError("a certificate needs a name");
  return [...new Map([...names.values()].map((name) => [name.text, name])).values()];
}

/** Returns the value of the extension subjectAltName: RFC 5280, section 4.2.1.6. */
export function subjectAltNameValue(names: readonly SubjectAltName[]): Buffer {
  const general = names.map(({ kind, text }) =>
    kind === "dns" ? contextual(2, "primitive", Buffer.from(text)) : contextual(7, "primitive", ipBytes(text)),
  );
  return sequence(...general);
}

function parseName(text: string): SubjectAltName {
  const family = isIP(text);
  if (family !== 0) {
    const address = canonicalIp(family === 4 ? "inet" : "inet6", text);
    if (address === undefined)
      throw refused(text, "an address has no zone in a certificate: leave out the part from % on");
    return { kind: "ip", text: address };
  }
  return { kind: "dns", text: hostName(text) };
}

function hostName(text: string): string {
  const isWildcard = text.startsWith("*.");
  const ascii = asciiOf(text, isWildcard ? text.slice(2) : text);
  const labels = ascii.split(".");
  const name = isWildcard ? `*.${ascii}` : ascii;
  if (name.length > MAX_HOST_NAME_LENGTH) throw refused(text, `it has more than ${MAX_HOST_NAME_LENGTH} characters`);
  if (!labels.every((label) => LABEL.test(label))) throw refused(text, adviceOn(text));
  // A browser takes such a name for an address: URL Standard, "ends in a number".
  if (/^(?:\d+|0x[\da-f]*)$/.test(labels.at(-1) ?? "")) throw refused(text, "it is no IPv4 address");
  if (isWildcard && labels.length < 2)
    throw refused(text, "clients accept a wildcard only above two labels or more, as in *.example.org");
  return name;
}

/** Returns a name in ASCII and lower case; what it returns for no name is no host name either. */
function asciiOf(text: string, name: string): string {
  const isAscii = /^\p{ASCII}*$/u.test(name);
  const lower = isAscii ? name.toLowerCase() : name;
  if (isAscii && !/(?:^|\.)xn--/.test(lower)) return lower;
  // domainToASCII() would take what a URL may have, such as %2F and :80.
  if (name.length > MAX_HOST_NAME_LENGTH || /\p{ASCII}/u.test(name.replace(/[a-z\d.-]/gi, ""))) return "";
  const ascii = domainToASCII(lower);
  if (ascii === "" || (isAscii && ascii !== lower)) throw refused(text, "it is no valid internationalized name");
  return ascii;
}

function adviceOn(text: string): string {
  if (text === "") return "it is empty";
  if (/^[a-z][a-z\d+.-]*:\/\//i.test(text)) return "write the host alone, without a scheme";
  if (/^\[.*\]$/.test(text)) return `write ${text.slice(1, -1)}, without brackets`;
  if (/^[^:]+:\d+$/.test(text)) return "write the host alone, without a port";
  if (/[^.]\.$/.test(text) && !text.startsWith("*")) return "leave out the dot at its end";
  if (text.includes("*")) return "a wildcard is the whole first label, as in *.example.org";
  return "a host name is made of letters, digits and inner hyphens, with dots between labels of 1 to 63";
}

function refused(text: string, reason: string): CertificateError {
  const shown = text.length > MAX_SHOWN_LENGTH ? `${text.slice(0, MAX_SHOWN_LENGTH)}…` : text;
  return new CertificateError(`${JSON.stringify(shown)} is no name for a certificate: ${reason}`);
}
