// A connection with TLS whose other side is node:tls, and between them a relay that holds, cuts and changes what goes to this side.
import { once } from "node:events";
import { connect as connectSocket, createServer, type Socket, type Server as SocketServer } from "node:net";
import { connect as connectTls, createServer as createTlsServer, type TLSSocket } from "node:tls";
import { onTestFinished } from "vitest";
import type { Connection } from "../../../src/server/connection/connection.ts";
import type { Certificates } from "../../support/certificates.ts";
import { connected } from "../../support/connected.ts";
import { serving, urlOf } from "../../support/serving.ts";
import { until, untilSteady } from "../../support/until.ts";

export type Side = "client" | "server";
export type Version = "TLSv1.2" | "TLSv1.3";

/** What goes to this side of the connection. */
class Wire {
  /** Its end is the end that this side gets. */
  readonly socket: Socket;
  #held: Buffer[] | undefined;

  constructor(socket: Socket, from: Socket) {
    this.socket = socket;
    socket.on("error", () => undefined);
    from.on("error", () => undefined);
    from.on("data", (bytes: Buffer) => {
      if (this.#held === undefined) socket.write(bytes);
      else this.#held.push(bytes);
    });
    from.on("end", () => {
      if (this.#held === undefined) socket.end();
    });
    socket.on("data", (bytes: Buffer) => void from.write(bytes));
    socket.on("end", () => void from.end());
  }

  /** Keeps what comes from now on. */
  hold(): void {
    this.#held ??= [];
  }

  /** The held bytes, once they have these many records. */
  async held(records: number): Promise<Buffer> {
    const all = (): Buffer => Buffer.concat(this.#held ?? []);
    await until(() => recordsOf(all()).length >= records, `${records} records`);
    await untilSteady(() => all().length, "the last record", 20);
    return all();
  }
}

/** The records of TLS in the bytes: RFC 8446, section 5.1. */
function recordsOf(bytes: Buffer): Buffer[] {
  const records: Buffer[] = [];
  for (let at = 0; at + 5 <= bytes.length; ) {
    const end = at + 5 + bytes.readUInt16BE(at + 3);
    if (end > bytes.length) break;
    records.push(bytes.subarray(at, end));
    at = end;
  }
  return records;
}

export interface CutConnection {
  readonly connection: Connection;
  readonly peer: TLSSocket;
  readonly wire: Wire;
}

/** Returns a connection of this side of TLS. Over it the transport of the running test. */
export async function cutConnection(
  side: Side,
  version: Version,
  files: Certificates,
  detectTruncation = true,
): Promise<CutConnection> {
  const made = await (side === "client" ? clientOf(version, files) : serverOf(version, files, detectTruncation));
  made.peer.on("error", () => undefined);
  onTestFinished(() => {
    made.connection.abort();
    made.peer.destroy();
    made.wire.socket.destroy();
  });
  // The session tickets of TLS 1.3 are on their way.
  await untilSteady(
    () => [made.connection.link.bytesReceived, made.peer.bytesRead].join(),
    "the end of the handshake",
    20,
  );
  return made;
}

async function clientOf(version: Version, files: Certificates): Promise<CutConnection> {
  const peers: TLSSocket[] = [];
  const options = { cert: files.bytes("localhost.pem"), key: files.bytes("p256.key"), allowHalfOpen: true };
  const listener = createTlsServer(
    { ...options, minVersion: version, maxVersion: version },
    (tls) => void peers.push(tls),
  );
  const target = await listeningOn(listener);
  const wires: Wire[] = [];
  const relay = await relayTo(target, (incoming, outgoing) => void wires.push(new Wire(incoming, outgoing)));
  const connection = await connected(`tls://127.0.0.1:${relay}`, { ca: files.path("ca.pem") });
  await until(() => peers.length === 1, "the peer");
  const [[peer], [wire]] = [peers, wires];
  if (peer === undefined || wire === undefined) throw new Error("no peer");
  return { connection, peer, wire };
}

async function serverOf(version: Version, files: Certificates, detectTruncation: boolean): Promise<CutConnection> {
  const accepted: Connection[] = [];
  const service = async (connection: Connection): Promise<void> => {
    accepted.push(connection);
    connection.hold();
  };
  const options = { ...files.pair("localhost"), detectTruncation, onError: () => undefined };
  const server = await serving(service, options, "tls://127.0.0.1:0");
  const wires: Wire[] = [];
  const target = Number(new URL(urlOf(server).replace("tls:", "http:")).port);
  const relay = await relayTo(target, (incoming, outgoing) => void wires.push(new Wire(outgoing, incoming)));
  const peer = connectTls({
    socket: connectSocket({ port: relay, host: "127.0.0.1", allowHalfOpen: true }),
    ca: files.bytes("ca.pem"),
    minVersion: version,
    maxVersion: version,
  });
  await once(peer, "secureConnect");
  await until(() => accepted.length === 1, "the service");
  const [[connection], [wire]] = [accepted, wires];
  if (connection === undefined || wire === undefined) throw new Error("no connection");
  return { connection, peer, wire };
}

async function relayTo(port: number, onPair: (incoming: Socket, outgoing: Socket) => void): Promise<number> {
  return listeningOn(
    createServer({ allowHalfOpen: true }, (incoming) => {
      const outgoing = connectSocket({ port, host: "127.0.0.1", allowHalfOpen: true });
      onTestFinished(() => {
        incoming.destroy();
        outgoing.destroy();
      });
      onPair(incoming, outgoing);
    }),
  );
}

async function listeningOn(listener: SocketServer): Promise<number> {
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  onTestFinished(() => void listener.close());
  const address = listener.address();
  if (address === null || typeof address === "string") throw new Error("a TCP server has a port");
  return address.port;
}
