// Two ends of a stream, closed when the test ends.
import { onTestFinished } from "vitest";
import { type Socket, socket, socketpair } from "../../src/index.ts";

/** Of TCP, on the loopback. */
export async function connected(): Promise<[Socket, Socket]> {
  const listener = socket();
  onTestFinished(() => listener.close());
  listener.bind({ host: "127.0.0.1", port: 0 });
  listener.listen();
  const client = socket();
  onTestFinished(() => client.close());
  const [[peer]] = await Promise.all([listener.accept(), client.connect(listener.getsockname())]);
  onTestFinished(() => peer.close());
  return [client, peer];
}

/** Of a Unix pair. */
export function paired(): [Socket, Socket] {
  const both = socketpair();
  onTestFinished(() => {
    for (const each of both) each.close();
  });
  return both;
}
