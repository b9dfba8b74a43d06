// A seqpacket socket keeps record boundaries, also of empty records, which recv(2) reports like the end of the stream.
import { randomUUID } from "node:crypto";
import { readdirSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import { AF_UNIX, SOCK_SEQPACKET, socket } from "../../../src/index.ts";
import { type Connection, connect, type Server, serve } from "../../../src/server.ts";
import { startChild } from "../../support/child.ts";
import { requireTool } from "../../support/tools.ts";

const name = `sockwright-empty-${randomUUID()}`;
const url = `unix-seqpacket:@${name}`;

/** A server that reports the records that it has received up to the end. */
async function listening(): Promise<{ server: Server; told: Promise<string[]> }> {
  let tell = (_records: string[]): void => {};
  const told = new Promise<string[]>((resolve) => {
    tell = resolve;
  });
  const server = await serve(url, async (connection) => {
    const records: string[] = [];
    for await (const record of connection) records.push(String(record));
    tell(records);
  });
  onTestFinished(async () => void (await server.close()));
  return { server, told };
}

test("a server reads empty records and then the end", async () => {
  const { told } = await listening();
  const client = socket(AF_UNIX, SOCK_SEQPACKET);
  await client.connect({ abstract: name });
  for (const record of ["", "one", "", "", "two", ""]) await client.send(record);
  client.close();
  expect(await told).toEqual(["", "one", "", "", "two", ""]);
});

test("a client reads empty records and then the end", async () => {
  const listener = socket(AF_UNIX, SOCK_SEQPACKET);
  onTestFinished(() => listener.close());
  listener.bind({ abstract: name });
  listener.listen();
  const client: Connection = await connect(url);
  const [served] = await listener.accept();
  for (const record of ["", "one", ""]) await served.send(record);
  served.close();
  const records: string[] = [];
  for await (const record of client) records.push(String(record));
  expect(records).toEqual(["", "one", ""]);
  await client.close();
});

test("descriptors that a client passes along are closed", async (context) => {
  const open = (): number => readdirSync("/proc/self/fd").length;
  // The poller stays open for later connections.
  await (await listening()).server.close();
  const before = open();
  const { server, told } = await listening();
  const program = `
import array, socket, sys
client = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
client.connect("\\0" + sys.argv[1])
for record in (b"", b"with one", b""):
    client.sendmsg([record], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0, 1, 2]))])
`;
  const python = await startChild(requireTool(context, "python3"), ["-c", program, name]);
  expect(await python.exit()).toEqual({ code: 0, signal: null });
  expect(await told).toEqual(["", "with one", ""]);
  await server.close();
  expect(open()).toBe(before);
});
