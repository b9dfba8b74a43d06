// Handlers that write the names of their hooks to the file HOOK_LOG, and fail where HOOK_CASE says so.
import { appendFileSync } from "node:fs";
import { threadId } from "node:worker_threads";
import { DatagramRequestHandler, StreamRequestHandler } from "sockwright/socketserver";

const { HOOK_LOG = "", HOOK_CASE = "" } = process.env;

export class TracedStream extends StreamRequestHandler {
  /** @override */
  async setup() {
    note("setup");
    await super.setup();
    if (HOOK_CASE === "throw-in-setup") throw new Error("thrown");
  }

  /** @override */
  async handle() {
    await handle(this);
  }

  /** @override */
  async finish() {
    note("finish");
    await super.finish();
  }
}

export class TracedDatagram extends DatagramRequestHandler {
  /** @override */
  async setup() {
    note("setup");
    await super.setup();
    if (HOOK_CASE === "throw-in-setup") throw new Error("thrown");
  }

  /** @override */
  async handle() {
    await handle(this);
  }

  /** @override */
  async finish() {
    note("finish");
    await super.finish();
  }
}

/** @param {TracedStream | TracedDatagram} handler */
async function handle({ rfile, wfile }) {
  note("handle");
  if (HOOK_CASE === "throw") throw new Error("thrown");
  await wfile.write(await rfile.readline());
}

/** @param {string} hook */
function note(hook) {
  appendFileSync(HOOK_LOG, `${process.pid}/${threadId} ${hook}\n`);
}
