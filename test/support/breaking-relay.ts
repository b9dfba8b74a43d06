// A way to a server that breaks off one answer: a network that fails in the middle of a download.
import { type Connection, connect } from "../../src/server.ts";
import { serving, urlOf } from "./serving.ts";

/** What a {@link breakingRelay} passes on. */
export interface RelayOptions {
  /** The first connection on which so many bytes have come back ends there. All others are left alone. */
  readonly breakAfterBytes: number;
  /** Is done before the client sees that end. */
  readonly meanwhile?: () => Promise<void>;
}

/** Where clients of the running test reach the server of that URL, until an answer breaks off. */
export async function breakingRelay(upstream: string, { breakAfterBytes, meanwhile }: RelayOptions): Promise<string> {
  let isToBreak = true;

  async function answer(client: Connection, server: Connection): Promise<void> {
    let left = breakAfterBytes;
    for (let piece = await server.read(); piece !== undefined; piece = await server.read()) {
      const isLast = isToBreak && piece.length >= left;
      client.write(isLast ? piece.subarray(0, left) : piece);
      left -= piece.length;
      if (isLast) {
        isToBreak = false;
        await meanwhile?.();
        break;
      }
      await client.drained();
    }
    await client.end();
  }

  const relay = await serving(async (client) => {
    const server = await connect(upstream.replace(/^http:/, "tcp:"));
    const asked = client.onBytes((bytes) => void server.write(bytes)).then(() => server.end());
    try {
      await Promise.all([asked, answer(client, server)]);
    } finally {
      server.abort();
    }
  });
  return urlOf(relay).replace(/^tcp:/, "http:");
}
