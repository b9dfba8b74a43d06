import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { connect, described, echoStreams, exchangeStream } from "./echo.ts";
import { startPython } from "./python.ts";
import { streams } from "./transports.ts";

const MIB = 1024 * 1024;

describe.for(Object.values(streams))("$name", (transport) => {
  test("Python as client: text, and the end in both directions", async (context) => {
    const server = echoStreams(transport);
    const client = await startPython(context, "talk", transport, server.address);
    client.stdin.write("hello\n");
    await client.line(/^hello$/);
    client.stdin.end("Grüße, 世界\n");
    await client.line(/^Grüße, 世界$/);
    await client.line(/^the end$/);
    expect(await client.exit()).toEqual({ code: 0, signal: null });
    expect(server.heard).toEqual([described(Buffer.from("helloGrüße, 世界"))]);
  });

  test("Python as client: 8 MiB there and back, with the same SHA-256", async (context) => {
    const server = echoStreams(transport);
    const client = await startPython(context, "echo_client", transport, server.address, 8 * MIB);
    const [, length, sent, echoed] = await client.line(/^(\d+) (\w{64}) (\w{64})$/);
    expect(length).toBe(String(8 * MIB));
    expect(echoed).toBe(sent);
    expect(await client.exit()).toEqual({ code: 0, signal: null });
    expect(server.heard).toEqual([`${8 * MIB} ${sent}`]);
  });

  test("Python as server: 8 MiB there and back, with the same SHA-256", async (context) => {
    const server = await startPython(context, "echo_server", transport, transport.freeAddress());
    const [address] = await server.line(/^{.*}$/);
    const client = await connect(transport, JSON.parse(address));
    const data = randomBytes(8 * MIB);
    const echo = await exchangeStream(client, data);
    expect(described(echo)).toBe(described(data));
    const [heard] = await server.line(/^\d+ \w{64}$/);
    expect(heard).toBe(described(data));
    expect(await server.exit()).toEqual({ code: 0, signal: null });
  });
});
