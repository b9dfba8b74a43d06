// @ts-check
// Files by connection.sendFile().
// Usage: send-file.mjs whole FILE       the file to each connection, and its end
//        send-file.mjs file FILE        a head and the file, which is open, for each request
//        send-file.mjs file-path FILE   a head and the file, which is opened for it, for each request
import { statSync } from "node:fs";
import { open } from "node:fs/promises";
import { serve } from "sockwright/server";

const HEAD_BYTES = 200;
const [mode, path = ""] = process.argv.slice(2);
const head = Uint8Array.from({ length: HEAD_BYTES }, (_, place) => place % 251);

/** @param {import("sockwright/server").Connection} connection */
async function whole(connection) {
  await connection.sendFile(path);
}

/** @param {import("sockwright/server").Connection} connection */
function ofPath(connection) {
  return connection.onBytes(() => {
    void connection.sendFile(path, { head });
  });
}

async function ofHandle() {
  const [handle, length] = [await open(path), statSync(path).size];
  /** @param {import("sockwright/server").Connection} connection */
  return (connection) =>
    connection.onBytes(() => {
      void connection.sendFile(handle, { length, head });
    });
}

const server = await serve("tcp://127.0.0.1:0", mode === "whole" ? whole : mode === "file" ? await ofHandle() : ofPath);
console.log(new URL(server.urls[0] ?? "").port);
