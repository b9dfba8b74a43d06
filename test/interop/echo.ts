// The side of an echo that Sockwright plays, as server and as client.
import { createHash } from "node:crypto";
import { onTestFinished } from "vitest";
import { type Address, type AddressInput, AF_UNIX, SHUT_WR, SOCK_DGRAM, type Socket, socket } from "../../src/index.ts";
import type { Transport } from "./transports.ts";

/** More bytes than any record of the tests. */
const ROOM = 1024 * 1024;

/** A running server: the length and the SHA-256 of each record, or of each whole stream, that it has received. */
export interface EchoServer {
  readonly address: Address;
  readonly heard: readonly string[];
}

/** Length and SHA-256, as the Python programs print them. */
export function described(data: Uint8Array): string {
  return `${data.length} ${createHash("sha256").update(data).digest("hex")}`;
}

/** A socket of the transport that is closed when the test ends. */
function open({ family, type }: Transport): Socket<unknown> {
  const opened = socket(family, type);
  onTestFinished(() => opened.close());
  return opened;
}

/** A listener of the transport, at a free address. */
export function listen(transport: Transport) {
  const server = open(transport);
  server.bind(transport.freeAddress());
  return server.listen();
}

export function echoStreams(transport: Transport): EchoServer {
  const heard: string[] = [];
  const listener = listen(transport);
  void listener.serve(async (peer) => {
    const chunks: Buffer[] = [];
    for await (const chunk of peer) {
      chunks.push(chunk);
      await peer.sendall(chunk);
    }
    heard.push(described(Buffer.concat(chunks)));
  });
  return { address: listener.getsockname(), heard };
}

export function echoRecords(transport: Transport): EchoServer {
  const heard: string[] = [];
  const listener = listen(transport);
  void listener.serve(async (peer) => {
    for (let record = await peer.recv(ROOM); record.length > 0; record = await peer.recv(ROOM)) {
      heard.push(described(record));
      await peer.send(record);
    }
  });
  return { address: listener.getsockname(), heard };
}

export function echoDatagrams(transport: Transport): EchoServer {
  const heard: string[] = [];
  const server = open(transport);
  server.bind(transport.freeAddress());
  const echo = async (): Promise<void> => {
    while (!server.closed) {
      const [data, sender] = await server.recvfrom(ROOM);
      heard.push(described(data));
      if (sender !== undefined) await server.sendto(data, sender);
    }
  };
  echo().catch((error: unknown) => {
    if (!server.closed) throw error;
  });
  return { address: server.getsockname(), heard };
}

/** A client of a server at `address`. A Unix datagram client binds a name, so that the server can answer. */
export async function connect(transport: Transport, address: AddressInput): Promise<Socket<unknown>> {
  const client = open(transport);
  if (transport.family === AF_UNIX && transport.type === SOCK_DGRAM) client.bind({ path: "" });
  await client.connect(address);
  return client;
}

/** Sends records one after another, and then reads the echo of each with one receive. */
export async function exchangeRecords(client: Socket<unknown>, records: readonly Buffer[]): Promise<Buffer[]> {
  const sent = Promise.all(records.map((record) => client.send(record)));
  const echoes: Buffer[] = [];
  while (echoes.length < records.length) echoes.push(await client.recv(ROOM));
  await sent;
  return echoes;
}

/** Sends a stream and its end, and reads the echo until it ends. */
export async function exchangeStream(client: Socket<unknown>, data: Buffer): Promise<Buffer> {
  const sending = client.sendall(data).then(() => client.shutdown(SHUT_WR));
  const chunks: Buffer[] = [];
  for (let chunk = await client.recv(ROOM); chunk.length > 0; chunk = await client.recv(ROOM)) chunks.push(chunk);
  await sending;
  return Buffer.concat(chunks);
}
