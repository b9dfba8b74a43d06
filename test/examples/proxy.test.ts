// The proxy of the examples, between netcats: each direction ends separately, a reset is passed on, and a slow reader costs no
// more memory than the limits.
import { once } from "node:events";
import { connect as connectSocket, createServer, type Server as NetServer, type Socket } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { proxy } from "../../examples/proxy.ts";
import { type Child, startChild } from "../support/child.ts";
import { serving, urlOf } from "../support/serving.ts";
import { requireTool } from "../support/tools.ts";
import { until, untilSteady } from "../support/until.ts";

const MANY_BYTES = 32 * 1024 * 1024;

/** A node:net server behind the proxy, and the port of the proxy. */
async function behind(serve: (socket: Socket) => void) {
  const sockets: Socket[] = [];
  const upstream: NetServer = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket);
    serve(socket);
  });
  upstream.listen(0, "127.0.0.1");
  await once(upstream, "listening");
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    upstream.close();
  });
  const address = upstream.address();
  if (typeof address !== "object" || address === null) throw new Error("no port");
  const errors: unknown[] = [];
  const server = await serving(proxy(`tcp://127.0.0.1:${address.port}`), {
    onError: (error) => void errors.push(error),
  });
  return { server, errors, port: new URL(urlOf(server)).port };
}

function client(port: string): Socket {
  const socket = connectSocket({ port: Number(port), host: "127.0.0.1", allowHalfOpen: true });
  onTestFinished(() => void socket.destroy());
  return socket;
}

/** The output of a program until it ends. */
async function said(child: Child): Promise<string> {
  await child.exit();
  return child.stdout;
}

describe("half-close", () => {
  test("the client ends first, and still receives the answer: nc", async (context) => {
    const nc = requireTool(context, "nc");
    const { port } = await behind((socket) => {
      let text = "";
      socket.setEncoding("utf8").on("data", (piece) => {
        text += piece;
      });
      socket.on("end", () => socket.end(`${text.length} bytes`));
    });
    const child = await startChild(nc, ["-N", "127.0.0.1", port]);
    child.stdin.end("question");
    expect(await said(child)).toBe("8 bytes");
  });

  test("the server ends first, and still receives data: socat", async (context) => {
    const socat = requireTool(context, "socat");
    let told = "";
    let isEnded = false;
    const { port } = await behind((socket) => {
      socket.end("goodbye\n");
      socket.setEncoding("utf8").on("data", (piece) => {
        told += piece;
      });
      socket.on("end", () => {
        isEnded = true;
      });
    });
    const child = await startChild(socat, ["-t", "30", "STDIO", `TCP:127.0.0.1:${port}`]);
    await child.line(/^goodbye$/);
    child.stdin.end("and one thing more");
    await until(() => isEnded, "the end");
    expect(told).toBe("and one thing more");
    expect(await child.exit()).toEqual({ code: 0, signal: null });
  });
});

test.each(["client", "server"] as const)("a reset of the %s is a reset of the other", async (side) => {
  let upstream: Socket | undefined;
  const { server, port } = await behind((socket) => {
    upstream = socket;
    socket.on("error", () => undefined).resume();
  });
  const near = client(port).resume();
  near.on("error", () => undefined);
  near.write("hello");
  await until(() => (upstream?.bytesRead ?? 0) > 0, "the server to be reached");
  const other = side === "client" ? upstream : near;
  if (other === undefined) throw new Error("nobody came");
  const lost = once(other, "error").catch((error: unknown) => [error]);
  (side === "client" ? near : upstream)?.resetAndDestroy();
  expect(await lost).toEqual([expect.objectContaining({ code: "ECONNRESET" })]);
  await until(() => server.connections().length === 0, "the connection to end");
});

test("a slow reader pauses the other end, and the proxy buffers no more than its limits", async () => {
  const chunk = Buffer.alloc(64 * 1024, "x");
  let sent = 0;
  const { server, port } = await behind((socket) => {
    const more = (): void => {
      while (sent < MANY_BYTES) {
        sent += chunk.length;
        if (!socket.write(chunk)) return;
      }
      socket.end();
    };
    socket.on("drain", more).resume();
    more();
  });
  const before = process.memoryUsage().arrayBuffers;
  const near = client(port);
  await once(near, "connect");
  await until(() => (server.connections()[0]?.bytesWritten ?? 0) > 0, "the first bytes");
  await untilSteady(() => server.connections()[0]?.bytesWritten, "the proxy to be held up");
  // The rest is in the kernel, or still with the server.
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 * 1024 * 1024);
  let bytes = 0;
  near.on("data", (piece) => {
    bytes += piece.length;
  });
  await once(near, "end");
  near.end();
  expect(bytes).toBe(MANY_BYTES);
  await until(() => server.connections().length === 0, "the connection to end");
});
