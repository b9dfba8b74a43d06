import type { TLSSocket } from "node:tls";
import { fingerprintOf } from "../../certificate/fingerprint.ts";
import { codeOf } from "../../socket/values.ts";
import type { TlsInfo } from "../transport/tls-info.ts";

/** Returns what the handshake of a socket has negotiated. */
export function tlsInfoOf(socket: TLSSocket, asksPeer: boolean, serverName: string | undefined): TlsInfo {
  const peerCertificate = asksPeer ? socket.getPeerX509Certificate() : undefined;
  return {
    version: socket.getProtocol() ?? "",
    cipher: socket.getCipher().standardName,
    serverName: serverName ?? nameOf(Reflect.get(socket, "servername")),
    alpn: protocolOf(socket.alpnProtocol),
    peerCertificate,
    fingerprint: peerCertificate === undefined ? undefined : fingerprintOf(peerCertificate),
  };
}

/** Node takes names as UTF-8, and returns the negotiated one as latin1. */
function protocolOf(value: unknown): string | undefined {
  const name = nameOf(value);
  return name === undefined ? undefined : Buffer.from(name, "latin1").toString();
}

/** Node has false or null for none. */
function nameOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/**
 * The error of OpenSSL's check of the chain; undefined where it is good. `tls.Server` asks the same internal function: Node has no
 * public one for the server's side of a TLSSocket. Without it no certificate is accepted.
 */
export function chainErrorOf(socket: TLSSocket): string | undefined {
  const handle: unknown = Reflect.get(socket, "_handle");
  const verify: unknown =
    typeof handle === "object" && handle !== null ? Reflect.get(handle, "verifyError") : undefined;
  if (typeof verify !== "function") return "CERT_UNTRUSTED";
  const error: unknown = Reflect.apply(verify, handle, []);
  if (error === null || error === undefined) return undefined;
  return String(codeOf(error) ?? "CERT_UNTRUSTED");
}
