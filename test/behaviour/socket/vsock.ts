// What this kernel supports of vsock(7).
import { AF_VSOCK, type Listener, SocketError, socket, VMADDR_CID_ANY, VMADDR_PORT_ANY } from "../../../src/index.ts";

/** Opens a listener on any CID and any port; returns undefined if the kernel does not support such sockets. */
export function vsockListener(): Listener | undefined {
  try {
    const listener = socket(AF_VSOCK);
    listener.bind({ cid: VMADDR_CID_ANY, port: VMADDR_PORT_ANY });
    return listener.listen();
  } catch (error) {
    if (error instanceof SocketError && error.code === "EAFNOSUPPORT") return undefined;
    throw error;
  }
}
