import { closeSync } from "node:fs";
import { isIP, Socket } from "node:net";
import { connect, type SecureContext, type TLSSocket, type TLSSocketOptions } from "node:tls";
import { domainToASCII } from "node:url";
import { fingerprintOf } from "../../certificate/fingerprint.ts";
import { errorOf } from "../transport/connection-error.ts";
import type { Link, LinkOutput } from "../transport/link.ts";
import type { Peer } from "../transport/peer.ts";
import type { TlsInfo } from "../transport/tls-info.ts";
import { LinkStream } from "./link-stream.ts";
import type { PeerCheck, TlsContext } from "./tls-context.ts";
import { TlsError } from "./tls-error.ts";
import { AcceptedSocket, type TlsBase, TlsLink } from "./tls-link.ts";
import { chainErrorOf, tlsInfoOf } from "./tls-state.ts";

const NOBODY: LinkOutput = { onWritable: () => undefined };

/**
 * Begins TLS as a server over a link.
 *
 * @param mayHandOver - whether `node:net` may take over the descriptor, which costs least, but cannot tell a truncated connection.
 */
export function acceptTls(base: Link, unread: Buffer, context: TlsContext, mayHandOver: boolean): TlsLink {
  const { peer } = base;
  const carrier = (mayHandOver ? handOver(base, unread) : undefined) ?? bridge(base, unread);
  const { check, forName } = context;
  const settings: TLSSocketOptions = {
    isServer: true,
    secureContext: context.secure,
    requestCert: check !== undefined,
    // With a handshake that fails at once for a client without a certificate; what it shows is checked below.
    rejectUnauthorized: check?.isRequired === true,
  };
  if (context.alpn !== undefined) settings.ALPNProtocols = [...context.alpn];
  if (forName !== undefined) settings.SNICallback = (name, done) => done(null, forName(name));
  const socket = new AcceptedSocket(carrier.kind === "socket" ? carrier.socket : carrier.stream, settings);
  if (context.forNoName !== undefined) chooseForNoName(socket, context.forNoName);
  const finish = (): TlsInfo => checked(socket, check, () => chainErrorOf(socket));
  return new TlsLink(socket, carrier, peer, "secure", finish);
}

/** Begins TLS as a client over a link. `host` is what the certificate must name where the options have no `servername`. */
export function connectTls(base: Link, unread: Buffer, context: TlsContext, host: string): TlsLink {
  const { peer } = base;
  const carrier = bridge(base, unread);
  const name = nameInTls(context.servername ?? host);
  const checksName = context.check?.checksChain === true;
  const socket = connect({
    socket: carrier.stream,
    secureContext: context.secure,
    host: name,
    // RFC 6066, section 3: an address is no name for SNI.
    ...(isIP(name) === 0 ? { servername: name } : {}),
    ...(context.alpn === undefined ? {} : { ALPNProtocols: [...context.alpn] }),
    // Checked below: then the error has the fingerprint of the certificate.
    rejectUnauthorized: false,
    ...(checksName ? {} : { checkServerIdentity: () => undefined }),
  });
  const chainError = (): string | undefined => {
    if (socket.authorized) return undefined;
    const reason: unknown = socket.authorizationError;
    return reason instanceof Error && "code" in reason ? String(reason.code) : String(reason);
  };
  const finish = (): TlsInfo => checked(socket, context.check, chainError, name);
  return new TlsLink(socket, carrier, peer, "secureConnect", finish);
}

/** RFC 6066, section 3: the name is sent in ASCII, without the dot of the root. */
function nameInTls(host: string): string {
  const ascii = /^\p{ASCII}*$/u.test(host) ? host : domainToASCII(host);
  return (ascii === "" ? host : ascii).replace(/(?<=[^.])\.$/, "");
}

/**
 * Chooses the certificate for a client that sends no name. Node asks its SNICallback only for a name, and has no public way to choose a
 * certificate without one. The choice has to wait for this call: OpenSSL would keep one that is made before, beside that of the name.
 */
function chooseForNoName(socket: TLSSocket, { context }: SecureContext): void {
  const handle: unknown = Reflect.get(socket, "_handle");
  if (typeof handle !== "object" || handle === null) return;
  const choose: unknown = Reflect.get(handle, "oncertcb");
  if (typeof choose !== "function") return;
  Reflect.set(handle, "oncertcb", (info: { readonly servername: string }) => {
    if (info.servername === "") Reflect.set(handle, "sni_context", context);
    Reflect.apply(choose, handle, [info]);
  });
}

/** Throws where the peer's certificate is not accepted. */
function checked(
  socket: TLSSocket,
  check: PeerCheck | undefined,
  chainError: () => string | undefined,
  name?: string,
): TlsInfo {
  const info = tlsInfoOf(socket, check !== undefined, name === undefined || isIP(name) !== 0 ? undefined : name);
  if (check === undefined) return info;
  const { peerCertificate } = info;
  if (peerCertificate === undefined) {
    if (check.isRequired) throw new TlsError("ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE");
    return info;
  }
  const code = check.checksChain ? chainError() : undefined;
  if (code !== undefined) {
    const detail = code === "ERR_TLS_CERT_ALTNAME_INVALID" ? `not for ${name}` : undefined;
    throw new TlsError(code, { peerCertificate, detail });
  }
  const isPinned = check.pins === undefined || check.pins.includes(fingerprintOf(peerCertificate));
  if (!isPinned) throw new TlsError("ERR_SOCKWRIGHT_TLS_PIN", { peerCertificate });
  return info;
}

function bridge(link: Link, unread: Buffer): Extract<TlsBase, { kind: "stream" }> {
  return { kind: "stream", stream: new LinkStream(link, unread), link };
}

/** Passes the descriptor to `node:net`; undefined where the link has none, or one that `node:net` does not know. */
function handOver(base: Link, unread: Buffer): TlsBase | undefined {
  const { peer } = base;
  if (base.detach === undefined || !isKnownToNode(peer)) return undefined;
  const { names } = base;
  // The names tell of what kind the socket is: the peer may be that of a PROXY header.
  const unix = names && !("host" in names.local) ? { names, peerCredentials: base.peerCredentials } : undefined;
  const received = [unread];
  let failure: Error | undefined;
  // The poller may have received bytes that no reader has got yet.
  base.open(
    {
      onReceived: (bytes) => void received.push(Buffer.from(bytes)),
      onEnd: () => undefined,
      onError: (error) => {
        failure = error;
      },
    },
    NOBODY,
  );
  const fd = base.detach();
  const socket = socketOf(fd);
  const all = received.length === 1 ? unread : Buffer.concat(received);
  if (all.length > 0) socket.unshift(all);
  if (failure !== undefined) socket.destroy(failure);
  return { kind: "socket", socket, unix };
}

function socketOf(fd: number): Socket {
  try {
    return new Socket({ fd, allowHalfOpen: true, readable: true, writable: true });
  } catch (error) {
    closeSync(fd);
    throw errorOf(error);
  }
}

/** libuv has TCP and Unix sockets only. */
function isKnownToNode(peer: Peer): boolean {
  return !("cid" in peer);
}
