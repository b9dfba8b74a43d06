import type { X509Certificate } from "node:crypto";
import { fingerprintOf } from "../certificate/fingerprint.ts";
import { printableName } from "./printable.ts";
import { tableLines } from "./table.ts";
import type { ShownTls } from "./tls.ts";

const DAY_MS = 86_400_000;

/** Returns what `tls` prints without `--json`: what was negotiated, and each certificate of the chain. */
export function tlsReport({ url, info, chain }: ShownTls, now: number): string {
  const negotiated =
    info === undefined
      ? "refused"
      : [info.version, info.cipher, info.alpn === undefined ? "no ALPN" : `ALPN ${info.alpn}`].join(", ");
  const blocks = chain.map((each, index) => ["", ...certificateLines(each, index, now)]);
  return [`${printableName(url)}: ${negotiated}`, ...blocks.flat(), ""].join("\n");
}

function certificateLines(certificate: X509Certificate, index: number, now: number): readonly string[] {
  const rows = [
    [index === 0 ? "certificate" : "authority", nameOf(certificate.subject)],
    ["names", namesOf(certificate.subjectAltName)],
    ["issuer", nameOf(certificate.issuer)],
    ["valid", validity(certificate, now)],
    ["fingerprint", fingerprintOf(certificate)],
  ];
  return tableLines(rows.filter(([, text]) => text !== "").map((row) => row.map((text = "") => printableName(text))));
}

/** `CN=a\nO=b`, as node:crypto has names, in one line. */
function nameOf(name: string | undefined): string {
  return (name ?? "").split("\n").join(", ");
}

function namesOf(names: string | undefined): string {
  return (names ?? "").replace(/(?:DNS|IP Address):/g, "");
}

function validity({ validFrom, validTo }: X509Certificate, now: number): string {
  const [from, to] = [Date.parse(validFrom), Date.parse(validTo)];
  const days = Math.floor((to - now) / DAY_MS);
  const left = now < from ? "not valid yet" : now > to ? "expired" : days === 1 ? "1 day left" : `${days} days left`;
  return `${dayOf(from)} to ${dayOf(to)}, ${left}`;
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
