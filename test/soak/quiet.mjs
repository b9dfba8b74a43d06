// @ts-check
// Quiet connections beside other work of a server: they must not be affected.
import { socket } from "sockwright";
import { percentile } from "./report.mjs";
import { startTool } from "./tool.mjs";

/**
 * A server on a free loopback port.
 * @param {(peer: import("sockwright").Socket) => unknown} session
 */
export function serveOnLoopback(session) {
  const listener = socket();
  listener.bind({ host: "127.0.0.1", port: 0 });
  const serving = listener.listen().serve(session);
  return {
    port: listener.getsockname().port ?? 0,
    close: async () => {
      listener.close();
      await serving;
    },
  };
}

/** @param {import("sockwright").Socket} peer */
export async function echo(peer) {
  for (;;) {
    const data = await peer.recv(1024);
    if (data.length === 0) return;
    await peer.sendall(data);
  }
}

/** @typedef {{ roundTripsMs: number[], damaged: number }} Quiet */

/**
 * Opens `connections` quiet connections, which send `messages` messages each, one every `periodMs`, and wait for the
 * echoes.
 * @param {number} port
 * @param {{ connections: number, messages: number, periodMs: number }} load
 * @param {string} [hello] what each sends first, and is not echoed
 * @returns {Promise<Quiet>}
 */
export async function talkQuietly(port, { connections, messages, periodMs }, hello = "") {
  const [line] = await startTool("quiet", [connections, messages, periodMs, port, hello]).ended;
  return JSON.parse(line ?? "");
}

/**
 * @param {import("./report.mjs").Report} report
 * @param {string} beside
 * @param {Quiet} quiet
 * @param {number} expected
 * @param {number} [p99LimitMs]
 */
export function reportQuiet(report, beside, quiet, expected, p99LimitMs) {
  const { roundTripsMs, damaged } = quiet;
  report.exactly(`${beside}: intact echoes`, roundTripsMs.length - damaged, expected);
  report.note(`${beside}: p50 of a round trip`, percentile(roundTripsMs, 0.5), "ms");
  const p99 = percentile(roundTripsMs, 0.99);
  if (p99LimitMs === undefined) report.note(`${beside}: p99 of a round trip`, p99, "ms");
  else report.atMost(`${beside}: p99 of a round trip`, p99, p99LimitMs, "ms");
}
