import { describe, expect, test } from "vitest";
import { SOCK_DGRAM } from "../../src/index.ts";
import { commandLines, startClient, startServer } from "./command-line.ts";
import { connect, echoDatagrams, listen } from "./echo.ts";

const streamLines = commandLines.filter(({ transport }) => transport.type !== SOCK_DGRAM);
const datagramLines = commandLines.filter(({ transport }) => transport.type === SOCK_DGRAM);

describe.for(streamLines)("$program, $transport.name", (line) => {
  test("as a client of our listener.serve", async (context) => {
    const listener = listen(line.transport);
    const served = listener.serve(async (peer) => {
      await peer.sendall("Welcome!\n");
      for await (const data of peer) await peer.sendall(`Hello, ${data}`);
      await peer.sendall("Goodbye!\n");
      listener.close();
    });
    const client = await startClient(context, line, listener.getsockname());
    await client.line(/^Welcome!$/);
    client.stdin.write("世界\n");
    await client.line(/^Hello, 世界$/);
    client.stdin.end();
    await client.line(/^Goodbye!$/);
    expect(await client.exit()).toEqual({ code: 0, signal: null });
    await served;
  });

  test("as the server of our client", async (context) => {
    const [server, address] = await startServer(context, line);
    const client = await connect(line.transport, address);
    await client.sendall("Grüße\n");
    await server.line(/Grüße$/);
    server.stdin.write("Welcome!\n");
    expect(String(await client.recv(1024))).toBe("Welcome!\n");
    client.close();
    expect(await server.exit()).toEqual({ code: 0, signal: null });
  });
});

describe.for(datagramLines)("$program, $transport.name", (line) => {
  test("as a client of our datagram socket", async (context) => {
    const server = echoDatagrams(line.transport);
    const client = await startClient(context, line, server.address);
    client.stdin.write("世界\n");
    expect((await client.line(/世界/))[0]).toBe("世界");
  });

  test("as the server of our datagram socket", async (context) => {
    const [server, address] = await startServer(context, line);
    const client = await connect(line.transport, address);
    await client.send("Grüße\n");
    await server.line(/Grüße$/);
    server.stdin.write("Welcome!\n");
    expect(String(await client.recv(1024))).toBe("Welcome!\n");
  });
});
