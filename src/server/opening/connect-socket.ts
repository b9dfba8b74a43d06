import { socket } from "../../socket/internal.ts";
import { AF_UNIX, SOCK_DGRAM } from "../../socket/values.ts";
import { addressesOf, type SocketAddress, typeOf } from "../url/socket-address.ts";
import {
  type AddressUrl,
  checkConnectable,
  formatSocketUrl,
  type SocketUrl,
  SocketUrlError,
} from "../url/socket-url.ts";
import { bindPath, type Prepare } from "./bind-socket.ts";
import { prepareSending } from "./multicast.ts";
import { OpenSocket } from "./open-socket.ts";
import { setTcpOptions } from "./tcp-options.ts";
import { checkZone } from "./zone-of-machine.ts";

/** Options of {@link connectSocket}. */
export interface ConnectSocketOptions {
  /** The local address; by default the kernel chooses one. */
  readonly source?: SocketAddress | undefined;
  readonly prepare?: Prepare | undefined;
  /** Ends the attempt when it aborts: the promise rejects with an AbortError. */
  readonly signal?: AbortSignal | undefined;
}

/** A connected {@link OpenSocket}, with the address of its peer. */
export interface ConnectedSocket {
  readonly open: OpenSocket;
  readonly address: SocketAddress;
}

/** Opens a socket connected to the URL. A name may have several addresses: the first one that answers is used. */
export async function connectSocket(url: SocketUrl, options: ConnectSocketOptions = {}): Promise<ConnectedSocket> {
  const { source, signal } = options;
  checkConnectable(url);
  const found = await addressesOf(url, signal);
  const addresses = found.filter(({ family }) => source === undefined || source.family === family);
  let failure: unknown = new SocketUrlError(formatSocketUrl(url), missingFamilyReason(source));
  for (const address of addresses) {
    try {
      return { open: await connectTo(url, address, options), address };
    } catch (error) {
      if (signal?.aborted === true || !isAddressError(error)) throw error;
      failure = error;
    }
  }
  throw failure;
}

async function connectTo(
  url: AddressUrl,
  address: SocketAddress,
  { source, prepare, signal }: ConnectSocketOptions,
): Promise<OpenSocket> {
  const type = typeOf(url);
  checkZone(url, address);
  if (source !== undefined) checkZone(url, source);
  const opened = socket(address.family, type);
  let open = new OpenSocket(opened);
  try {
    if ("host" in url) setTcpOptions(opened, url);
    if ("host" in url) prepareSending(opened, url);
    prepare?.(opened);
    if (source !== undefined && "path" in source)
      open = new OpenSocket(opened, await bindPath(opened, String(source.path)));
    else if (source !== undefined) opened.bind(source);
    // unix(7), autobind: without a name, a datagram socket could get no answer.
    else if (address.family === AF_UNIX && type === SOCK_DGRAM) opened.bind({ path: "" });
    await opened.connect(address, { signal });
    return open;
  } catch (error) {
    open.close();
    throw error;
  }
}

/** Whether another address may work: no peer answers at this one, or the machine has no sockets of its family. */
function isAddressError(error: unknown): boolean {
  return error instanceof Error && "syscall" in error && (error.syscall === "connect" || error.syscall === "socket");
}

function missingFamilyReason(source: SocketAddress | undefined): string {
  return `has no address of the same family as its source ${source !== undefined && "host" in source ? source.host : ""}`;
}
