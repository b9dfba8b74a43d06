// @ts-check
// Sends a file to each connection with socket.sendfile(). Usage: sendfile.mjs FILE
import { open } from "node:fs/promises";
import { serveOnLoopback } from "./listen.mjs";

const file = await open(String(process.argv[2]));
await serveOnLoopback(async (peer) => void (await peer.sendfile(file)));
