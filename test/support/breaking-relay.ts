// A relay to a server that cuts off one response, as a network failure during a download does.
import { type Connection, connect } from "../../src/server.ts";
import { serving, urlOf } from "./serving.ts";

/** The events of a {@link breakingRelay}. */
export interface RelayOptions {
  /** The first connection that has returned this many bytes is cut off. No other connection is. */
  readonly breakAfterBytes: number;
  /** Called before the client sees the end. */
  readonly meanwhile?: () => Promise<void>;
}

/** Returns the address at which clients of the running test reach the server of that URL, until a response is cut off. */
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
