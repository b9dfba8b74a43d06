import { SCHEMES } from "../server/url/schemes.ts";
import { codeOf, messageOf } from "../socket/values.ts";
import { printableMessage } from "./printable.ts";

/** What became of a SIGHUP to a server with TLS. */
export type CertificateReloadEvent =
  | { readonly event: "certificates-reloaded" }
  | { readonly event: "certificates-refused"; readonly code: string | undefined; readonly message: string };

/**
 * Whether SIGHUP makes the server of a command read its certificates again: where a listener has TLS, and no terminal is the input,
 * which sends this signal when it closes.
 */
export function reloadsAtHangUp(listeners: readonly string[] = [], isTerminal = process.stdin.isTTY === true): boolean {
  if (isTerminal) return false;
  return listeners.some((url) => SCHEMES.get(url.slice(0, url.indexOf(":")).toLowerCase())?.handshake === "tls");
}

/** Makes a server read its certificates again, and reports the outcome. */
export async function reloadCertificates(
  reload: () => Promise<unknown>,
  report: (event: CertificateReloadEvent) => void,
): Promise<void> {
  try {
    await reload();
    report({ event: "certificates-reloaded" });
  } catch (error) {
    report({ event: "certificates-refused", code: codeOf(error), message: messageOf(error) });
  }
}

export function certificateReloadWords(event: CertificateReloadEvent): string {
  if (event.event === "certificates-reloaded") return "the certificates were read again";
  return `the certificates were not read again, and nothing has changed: ${printableMessage(event.message)}`;
}
