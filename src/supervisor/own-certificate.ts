import { loopbackCertificate } from "../certificate/loopback-certificate.ts";
import type { ListenerOptions } from "../server/listener-options.ts";
import { SCHEMES } from "../server/url/schemes.ts";
import { formatSocketUrl, parseSocketUrl, plainUrl, type SocketUrl } from "../server/url/socket-url.ts";

/** The option of TLS that decides whether a listener needs a certificate of its own. */
interface Given {
  readonly cert?: unknown;
}

interface Made {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly fingerprint: string;
}

/** A listener that got the certificate, and the certificate's fingerprint, `sha256:HEX`. */
export interface CertificateEvent {
  readonly event: "certificate";
  readonly url: string;
  readonly fingerprint: string;
}

/**
 * The certificate that a command makes for its `https:` listeners on loopback that have none. It is made when the first of them needs
 * it, is kept in memory, and stays the same until the process ends, so that a client that has accepted it goes on.
 */
export class OwnCertificate {
  readonly #onUsed: (event: CertificateEvent) => void;
  readonly #told = new Set<string>();
  #made: Made | undefined;

  /** @param onUsed - called once for each listener that gets the certificate. */
  constructor(onUsed: (event: CertificateEvent) => void) {
    this.#onUsed = onUsed;
  }

  /** Returns the listener with the certificate if it needs that, else as it is. */
  addTo(listener: ListenerOptions, common: Given = {}): ListenerOptions {
    const url = parseSocketUrl(listener.url);
    if (!lacksCertificate(url, listener, common) || !canHaveOwnCertificate(url)) return listener;
    const { cert, key, fingerprint } = this.#certificate();
    const text = formatSocketUrl(plainUrl(url));
    if (!this.#told.has(text)) this.#onUsed({ event: "certificate", url: text, fingerprint });
    this.#told.add(text);
    return { ...listener, cert, key };
  }

  #certificate(): Made {
    this.#made ??= newCertificate();
    return this.#made;
  }
}

function newCertificate(): Made {
  const { cert, key, fingerprint } = loopbackCertificate();
  return { cert: Buffer.from(cert), key: Buffer.from(key), fingerprint };
}

/** Whether a listener on the URL needs a certificate, and neither the URL nor the options give one. */
export function lacksCertificate(url: SocketUrl, ...given: readonly Given[]): boolean {
  if (SCHEMES.get(url.scheme)?.handshake !== "tls") return false;
  return !("cert" in url) && given.every(({ cert }) => cert === undefined);
}

/** Whether a command makes a certificate for the URL: for `https:` on an address that only this machine reaches. */
export function canHaveOwnCertificate(url: SocketUrl): boolean {
  // RFC 1122, section 3.2.1.3; RFC 4291, section 2.5.3.
  return url.scheme === "https" && /^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/i.test(url.host);
}

/** What to do about a listener without a certificate, behind its URL. */
export function certificateAdvice(url: SocketUrl): string {
  const host = "host" in url && !["*", "0.0.0.0", "::"].includes(url.host) ? url.host : "NAME";
  return `needs a certificate, cert and key: make them with  sockwright cert ${host}`;
}
