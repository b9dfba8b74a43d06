// A proxy: each connection goes on to another server, and each direction ends for itself.
//   await serve("tcp://127.0.0.1:8000", proxy("unix:/run/app.sock"));
import { type Connection, connect } from "sockwright/server";

/** What comes from the one goes to the other, as fast as that takes it, and the end behind it. */
async function relay(from: Connection, to: Connection): Promise<void> {
  await from.onBytes((bytes, push) => {
    if (to.write(bytes)) return;
    push.pause();
    // Where it is lost instead, the other direction says so.
    to.drained().then(
      () => push.resume(),
      () => undefined,
    );
  });
  await to.end();
}

/** The function of a service. A connection that is lost resets the other. */
export function proxy(upstream: string): (client: Connection) => Promise<void> {
  return async (client) => {
    const server = await connect(upstream, { timeoutMs: 5_000, signal: client.signal });
    try {
      await Promise.all([relay(client, server), relay(server, client)]);
      await server.close();
    } catch (error) {
      server.abort();
      throw error;
    }
  };
}
