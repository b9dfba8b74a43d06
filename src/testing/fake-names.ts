import { constants } from "node:os";
import { AF_INET, AF_INET6, AF_UNIX } from "../socket/values.ts";

const { EADDRINUSE, EADDRNOTAVAIL } = constants.errno;
/** RFC 6335: where the dynamic ports begin. */
const FIRST_FAKE_PORT = 49_152;
/** The number of ports that a fake kernel assigns before it starts again at the first; when all are taken, bind fails. */
const MAX_FAKE_PORTS = 16_384;

/** A socket address in the form of the kernel: the bytes of a sockaddr. */
export type SocketName = Uint8Array;

/** The table of bound addresses of a fake kernel. IPv4 and IPv6 are separate, and a Unix path makes no file. */
export class FakeNames<Owner> {
  readonly #owners = new Map<string, Owner>();
  #nextPort = 0;
  #nextUnix = 0;

  /** Binds an address. Returns it complete, with a port or an abstract name where none was given, or a negated errno. */
  bind(owner: Owner, type: number, wanted: SocketName): SocketName | number {
    const name = isAnyPort(wanted) ? this.#withPort(type, wanted) : isAutobind(wanted) ? this.#unixName() : wanted;
    if (name === undefined) return -EADDRNOTAVAIL;
    if (this.find(type, name) !== undefined) return -EADDRINUSE;
    this.#owners.set(keyOf(type, name), owner);
    return name;
  }

  release(type: number, name: SocketName): void {
    this.#owners.delete(keyOf(type, name));
  }

  /** Returns the owner bound to the address, or to its port at any address. */
  find(type: number, name: SocketName): Owner | undefined {
    return this.#owners.get(keyOf(type, name)) ?? this.#owners.get(keyOf(type, toAnyHost(name)));
  }

  #withPort(type: number, wanted: SocketName): SocketName | undefined {
    for (let tried = 0; tried < MAX_FAKE_PORTS; tried++) {
      const port = FIRST_FAKE_PORT + (this.#nextPort++ % MAX_FAKE_PORTS);
      const name = wanted.slice();
      new DataView(name.buffer).setUint16(2, port);
      if (this.find(type, name) === undefined) return name;
    }
    return undefined;
  }

  /** unix(7), autobind: a NUL and five hexadecimal digits. */
  #unixName(): SocketName {
    const digits = (this.#nextUnix++).toString(16).padStart(5, "0");
    const name = new Uint8Array(3 + digits.length);
    name[0] = AF_UNIX;
    name.set(Buffer.from(digits), 3);
    return name;
  }
}

/** Returns the address of an unbound socket: its family, and zeros. */
export function unnamedAddress(family: number): SocketName {
  const name = new Uint8Array(family === AF_INET ? 16 : family === AF_INET6 ? 28 : 2);
  name[0] = family;
  return name;
}

/** Replaces the "any" address by loopback, where a connection to it arrives; returns other names unchanged. */
export function toLoopback(name: SocketName): SocketName {
  const host = hostOf(name);
  if (host === undefined || host.some((byte) => byte !== 0)) return name;
  const own = name.slice();
  if (familyOf(name) === AF_INET) own.set([127, 0, 0, 1], 4);
  else own[23] = 1;
  return own;
}

function toAnyHost(name: SocketName): SocketName {
  const any = name.slice();
  hostOf(any)?.fill(0);
  return any;
}

function familyOf(name: SocketName): number {
  return name[0] ?? 0;
}

/** Returns the bytes of the host in the sockaddr, ip(7) and ipv6(7); undefined for a Unix address. */
function hostOf(name: SocketName): Uint8Array | undefined {
  const family = familyOf(name);
  return family === AF_INET ? name.subarray(4, 8) : family === AF_INET6 ? name.subarray(8, 24) : undefined;
}

function isAnyPort(name: SocketName): boolean {
  return hostOf(name) !== undefined && name[2] === 0 && name[3] === 0;
}

function isAutobind(name: SocketName): boolean {
  return familyOf(name) === AF_UNIX && name.length === 2;
}

/** Each socket type has its own names, except for the paths of Unix sockets. Flow and scope of IPv6 do not count. */
function keyOf(type: number, name: SocketName): string {
  const host = hostOf(name);
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
  if (host === undefined) return name[2] === 0 ? `${type} ${text(name)}` : text(name);
  return `${type} ${text(name.subarray(0, 4))} ${text(host)}`;
}
