// What the servers by URL have in common: their address, Ctrl-C, and one line for an error.
import * as server from "sockwright/server";
import { addressArgument } from "./address.ts";
import { ctrlC, tell } from "./command.ts";

const GRACE_MS = 1_000;

/** Serves on the one address of the command line, until Ctrl-C. */
export async function listenHere(
  service: server.ServiceInput,
  options: server.ServeOptions = {},
  began?: (running: server.Server) => void,
): Promise<void> {
  const { host, port } = addressArgument(8000);
  const onError = (error: unknown): void => tell(error);
  const running = await server.serve(`tcp://${host}:${port}`, service, { onError, ...options });
  ctrlC().addEventListener("abort", () => void running.close({ graceMs: GRACE_MS }));
  began?.(running);
  console.log("Waiting for connection...");
  if (process.argv.length > 2) console.error(`listening on ${running.urls[0]}`);
  await running.closed;
}
