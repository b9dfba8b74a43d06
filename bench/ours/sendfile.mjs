// @ts-check
// Sends a file to each connection with socket.sendfile(). Usage: sendfile.mjs whole FILE
import { open } from "node:fs/promises";
import { serveOnLoopback } from "./listen.mjs";

const file = await open(String(process.argv[3]));
await serveOnLoopback(async (peer) => void (await peer.sendfile(file)));
