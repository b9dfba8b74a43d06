import { type Stats, statSync } from "node:fs";
import { inspect } from "node:util";
import { DeadlineError } from "../server/time/deadline-error.ts";
import { TlsError, TlsOptionError } from "../server/tls/tls-error.ts";
import { SocketUrlError } from "../server/url/socket-url.ts";
import { codeOf, messageOf, textOf } from "../socket/values.ts";
import { CommandError, exitCodes } from "./command-error.ts";

/** The role of an error's address: a listener's own address, one to connect to, or that of a connected peer. */
type Role = "listener" | "target" | "peer";

/** Where something went wrong. */
export interface ErrorContext {
  readonly url: string;
  readonly role: Role;
}

type Kind = "internet" | "path" | "abstract" | "vsock";

/**
 * What socket errors mean to the user of the command: connect(2), bind(2), unix(7), udp(7). A key may begin with the
 * system call, the role or the kind of the address, or with several of them in this order; the most specific key counts.
 */
const MEANINGS: Readonly<Record<string, string>> = {
  EACCES: "no permission: choose another address, or run with the necessary rights",
  "bind internet EACCES": "no permission: ports below 1024 need more rights, so choose one from 1024 on, or 0 for any",
  "bind path EACCES": "no permission to write into its folder: choose a path in a folder of your own",
  "lchown path EPERM": "no permission to give the socket to that owner or group: choose one that this user belongs to",
  "connect internet EACCES": "no permission: a broadcast address needs ?broadcast in the URL, or a firewall forbids it",
  "connect path EACCES": "no permission to connect to that path: its owner has to allow it",
  EPERM: "no permission: choose another address, or run with the necessary rights",
  EADDRINUSE: "the address is taken: choose another",
  "internet EADDRINUSE": "the address is taken: choose another, or port 0 for any free one",
  "vsock EADDRINUSE": "the address is taken: choose another, or port 0 for any free one",
  "path EADDRINUSE": "the address is taken: choose another path",
  "abstract EADDRINUSE": "the address is taken: choose another name",
  EADDRNOTAVAIL: "the host is not an address of this machine: choose one that `ip address` shows, or 0.0.0.0 for all",
  "vsock EADDRNOTAVAIL": "the CID is not this machine's: choose 1 for the machine itself, or * for every CID",
  "target EADDRNOTAVAIL": "the address cannot be connected to: correct the address, or the --source",
  ECONNREFUSED: "no process listens there: start the server first, or correct the address",
  "peer ECONNREFUSED": "the peer has gone: no process receives there any more",
  "peer ENOENT": "the peer has gone: no process receives there any more",
  ECONNRESET: "the peer reset the connection, and data in transit may be lost",
  "target vsock ECONNRESET": "no process listens there: start the server first, or correct the address",
  "target vsock ENODEV": "the machine has no vsock device: load a vsock module, or use another kind of socket",
  EHOSTUNREACH: "the host cannot be reached: correct the address, or check the network",
  EMSGSIZE: "the datagram is too long for the socket: send less at once",
  ENETUNREACH: "there is no route to that network: correct the address, or check the network",
  "bind ENOENT": "a folder of the path is missing: create it, or choose another path",
  ENOENT: "there is no such path: start the server first, or correct the path",
  ENODEV: "no such interface: choose one that `ip link` shows",
  ENOTDIR: "a part of the path is not a directory: correct the path",
  ENOTFOUND: "the host name is unknown: correct it",
  EAI_AGAIN: "the name could not be looked up now: try again, or give an address",
  ENOBUFS: "the kernel has no buffer space for it now: try again, or send less at once",
  EAFNOSUPPORT: "this machine does not support that address family: choose another kind of address",
  EPIPE: "the peer accepts no more data, and data in transit may be lost",
  EPROTOTYPE: "the socket there is of another kind: try unix:, unix-dgram: or unix-seqpacket:",
  ETIMEDOUT: "the peer did not answer: correct the address, or check the network",
};

/** Explains any error to the user in one line, with an exit code. */
export function explain(error: unknown, place?: ErrorContext): CommandError {
  if (error instanceof CommandError) return error;
  if (error instanceof SocketUrlError) return new CommandError(error.message, exitCodes.usage, error);
  const code = codeOf(error);
  if (!(error instanceof Error) || code === undefined) return unforeseen(error);
  const where = place === undefined ? "" : `${place.url}: `;
  if (error instanceof TlsOptionError) return new CommandError(where + oneLine(error.message), exitCodes.usage, error);
  if (error instanceof TlsError) return refused(error, place);
  if (error instanceof DeadlineError) return new CommandError(where + error.message, exitCodes.timeout, error);
  if (code.startsWith("ERR_SOCKWRIGHT_TLS_"))
    return new CommandError(where + oneLine(error.message), exitCodes.tls, error);
  if ("syscall" in error) {
    const meaning = fileMeaning(code, place) ?? meaningOf(String(error.syscall), code, place);
    const text = meaning === undefined ? error.message : `${meaning} (${error.message})`;
    return new CommandError(where + oneLine(text), exitCodes.network, error);
  }
  // The library rejects an argument, or does not run on this machine.
  const isUsage = /^ERR_(?:INVALID_|OUT_OF_RANGE|SOCKWRIGHT_NATIVE)/.test(code);
  if (isUsage || code.startsWith("ERR_SOCKWRIGHT_"))
    return new CommandError(where + oneLine(error.message), isUsage ? exitCodes.usage : exitCodes.network, error);
  return unforeseen(error);
}

/** A failed handshake, or a certificate that was refused: with the option that accepts it. */
function refused(error: TlsError, place: ErrorContext | undefined): CommandError {
  const where = place === undefined ? "" : `${place.url}: `;
  const { fingerprint } = error;
  if (fingerprint === undefined)
    return new CommandError(where + oneLine(error.message) + plainAdvice(error, place), exitCodes.tls, error);
  // Three lines at most: a script shows them as they are.
  const certificate = [`its certificate is ${fingerprint}`, ...causeAdvice(error, place)].join("; ");
  const advice = [certificate, pinAdvice(fingerprint, place)];
  return new CommandError(where + oneLine(error.message), exitCodes.tls, error, advice);
}

/** The URL for a server without TLS; empty for other errors, and for a listener, whose peer has to change. */
function plainAdvice({ code }: TlsError, place: ErrorContext | undefined): string {
  if (place?.role !== "target" || !/^ERR_SSL_(?:WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG)$/.test(code)) return "";
  const [given = "", scheme = "", unix = ""] = /^(tls|https)(\+unix)?:(?:\/\/)?/i.exec(place.url) ?? [];
  if (given === "") return "";
  const isWeb = scheme.toLowerCase() === "https";
  const plain = unix === "" ? (isWeb ? "http://" : "tcp://") : isWeb ? "http+unix:" : "unix:";
  const later = isWeb ? "" : "; some protocols begin TLS later, after STARTTLS";
  return `: for a server without TLS write ${plain} in place of ${given}${later}`;
}

/** What is usual in place of a pin; none or one. */
function causeAdvice({ code, peerCertificate }: TlsError, place: ErrorContext | undefined): string[] {
  if (place?.role !== "target") return [];
  const names = peerCertificate?.subjectAltName;
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID" && names !== undefined) return [`its names are ${oneLine(names)}`];
  const isOfAuthority = /^(?:SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_)/.test(code) && code !== "UNABLE_TO_GET_CRL";
  if (!isOfAuthority) return [];
  if (/[?&]ca=/.test(place.url)) return ["its authority is not in the file of ca"];
  return [`to trust its authority, add to the URL: ${jointOf(place.url)}ca=FILE`];
}

function pinAdvice(fingerprint: string, place: ErrorContext | undefined): string {
  if (place?.role !== "target")
    return `to accept it, add to the URL of the listener, in place of ca: pin=${fingerprint}`;
  // With ca both would have to hold.
  const others = ["ca", "crl", "pin"].filter((name) => new RegExp(`[?&]${name}=`).test(place.url)).join(" and ");
  if (others !== "") return `to accept exactly this one, write in the URL in place of ${others}: pin=${fingerprint}`;
  return `to accept exactly this one, add to the URL: ${jointOf(place.url)}pin=${fingerprint}`;
}

function jointOf(url: string): string {
  return url.includes("?") ? "&" : "?";
}

/** Makes the error for a failed write to standard output. */
export function unwritable(error: unknown): CommandError {
  return new CommandError(`standard output cannot be written: ${messageOf(error)}`, exitCodes.usage, error);
}

function meaningOf(syscall: string, code: string, place: ErrorContext | undefined): string | undefined {
  const role = place?.role ?? "";
  const kind = place === undefined ? "" : kindOf(place.url);
  const keys = [
    `${syscall} ${kind} ${code}`,
    `${syscall} ${code}`,
    `${role} ${kind} ${code}`,
    `${role} ${code}`,
    `${kind} ${code}`,
    code,
  ];
  return keys.map((key) => MEANINGS[key]).find((each) => each !== undefined);
}

/** Explains an error by the file at the path: unix(7) has the same errors for files that are not sockets. */
function fileMeaning(code: string, place: ErrorContext | undefined): string | undefined {
  const [, path] =
    /^(?:unix(?:-dgram|-seqpacket)?|(?:https?|tls)\+unix):(?!@)(.*?)(?:\?.*)?$/s.exec(place?.url ?? "") ?? [];
  if (path === undefined) return undefined;
  if (code === "ENOENT" && /^~(?:\/|$)/.test(path))
    return `the shell does not expand ~ here: write "$HOME${path.slice(1)}"`;
  if (code !== "EADDRINUSE" && code !== "ECONNREFUSED") return undefined;
  const file = fileAt(path.replace(/^\/\/\//, "/"));
  if (file === undefined || file.isSocket()) return undefined;
  return `the path is a ${file.isDirectory() ? "folder" : "file"}, not a socket: choose another path`;
}

function fileAt(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    // Without permission to read the file's status, the socket's own error says enough.
    return undefined;
  }
}

function kindOf(url: string): Kind {
  if (/^(?:tcp|udp|http|tls|https):/.test(url)) return "internet";
  if (url.startsWith("vsock:")) return "vsock";
  return /^[a-z+-]+:@/.test(url) ? "abstract" : "path";
}

/** Reports an unexpected error, a defect of this program, in one line; with NODE_DEBUG=sockwright with its stack. */
function unforeseen(error: unknown): CommandError {
  const isDebugged = /(?:^|,)sockwright(?:,|$)/.test(process.env["NODE_DEBUG"] ?? "");
  const text = oneLine(isDebugged ? inspect(error) : `${textOf(error)} (NODE_DEBUG=sockwright shows the stack)`);
  return new CommandError(`unexpected error: ${text}`, exitCodes.network, error);
}

function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, " ");
}
