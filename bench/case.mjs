// @ts-check

/**
 * What a server does: answer what it reads, answer every 64 bytes of it, answer each line, the same as a handler of
 * socketserver, send it to everybody, answer a request of HTTP, or answer each datagram.
 * @typedef {"echo" | "pipeline" | "lines" | "socketserver" | "broadcast" | "http" | "datagrams"} Task
 *
 * A goal: the median of the paired ratios `peer ÷ base` is at most `most`.
 * @typedef {{ peer: string, base: string, most: number }} Goal
 *
 * `load` is the load generator's mode, `server` the argument that the servers get.
 * @typedef {object} Case
 * @property {string} title
 * @property {string} operation what is counted
 * @property {"echo" | "pipeline" | "churn" | "reset" | "lines" | "broadcast" | "http" | "datagrams"} load
 * @property {Task} server
 * @property {number} connections
 * @property {readonly Goal[]} goals
 */

export const MESSAGE_BYTES = 64;
export const DEFAULT_CASES = ["echo-50", "echo-500", "pipeline", "churn", "lines-50", "lines-500", "broadcast"];

/** @type {readonly Goal[]} */
const ECHO_GOALS = [
  { peer: "async", base: "epoll", most: 1.35 },
  { peer: "async", base: "node-net", most: 0.85 },
  { peer: "ready", base: "epoll", most: 1.3 },
  { peer: "push", base: "epoll", most: 1.25 },
];

/** @type {readonly Goal[]} */
const LINES_GOALS = [{ peer: "frames", base: "epoll", most: 1.5 }];

/** @type {ReadonlyMap<string, Case>} */
export const CASES = new Map([
  [
    "echo-50",
    {
      title: "Echo, 50 connections",
      operation: "one 64-byte message, one in flight on each connection",
      load: "echo",
      server: "echo",
      connections: 50,
      goals: ECHO_GOALS,
    },
  ],
  [
    "echo-500",
    {
      title: "Echo, 500 connections",
      operation: "one 64-byte message, one in flight on each connection",
      load: "echo",
      server: "echo",
      connections: 500,
      goals: ECHO_GOALS,
    },
  ],
  [
    "pipeline",
    {
      title: "Sixteen pipelined messages, 50 connections",
      operation: "sixteen 64-byte messages that came in one piece, each answered by its own send call",
      load: "pipeline",
      server: "pipeline",
      connections: 50,
      goals: [
        { peer: "async", base: "node-net", most: 0.6 },
        { peer: "push", base: "node-net", most: 0.15 },
      ],
    },
  ],
  [
    "churn",
    {
      title: "Accept, one echo, close, 50 at a time",
      operation: "one connection; the client ends it first, with FIN",
      load: "churn",
      server: "echo",
      connections: 50,
      goals: [{ peer: "async", base: "node-net", most: 0.6 }],
    },
  ],
  [
    "churn-reset",
    {
      title: "Accept, one echo, reset, 50 at a time",
      operation: "one connection; the client ends it with RST (SO_LINGER 0)",
      load: "reset",
      server: "echo",
      connections: 50,
      goals: [],
    },
  ],
  [
    "lines-50",
    {
      title: "Lines, 50 connections",
      operation: "one line of 64 bytes with its LF, answered by itself, one in flight on each connection",
      load: "lines",
      server: "lines",
      connections: 50,
      goals: LINES_GOALS,
    },
  ],
  [
    "lines-500",
    {
      title: "Lines, 500 connections",
      operation: "one line of 64 bytes with its LF, answered by itself, one in flight on each connection",
      load: "lines",
      server: "lines",
      connections: 500,
      goals: LINES_GOALS,
    },
  ],
  [
    "broadcast",
    {
      title: "Broadcast, 5 000 connections",
      operation: "one 64-byte message to one of the 5 000; the next goes out when all have it",
      load: "broadcast",
      server: "broadcast",
      connections: 5000,
      goals: [{ peer: "push", base: "node-net", most: 0.8 }],
    },
  ],
  [
    "datagrams",
    {
      title: "Echo of datagrams, 50 clients",
      operation: "one 64-byte datagram over UDP, one in flight from each client",
      load: "datagrams",
      server: "datagrams",
      connections: 50,
      goals: [
        { peer: "datagram-service", base: "node-dgram", most: 0.5 },
        { peer: "datagram-service", base: "recvmmsg", most: 1.6 },
      ],
    },
  ],
  [
    "socketserver",
    {
      title: "`ThreadingTCPServer` with `StreamRequestHandler`, 50 connections",
      operation: "one line of 64 bytes, read by `rfile` and answered by `wfile`, one in flight on each connection",
      load: "lines",
      server: "socketserver",
      connections: 50,
      goals: [{ peer: "socketserver", base: "python-socketserver", most: 0.75 }],
    },
  ],
  [
    "http-stream",
    {
      title: "`node:http`, 50 connections that are kept alive",
      operation: "one GET, answered by `response.end` with 13 bytes, one in flight on each connection",
      load: "http",
      server: "http",
      connections: 50,
      goals: [{ peer: "http-stream", base: "node-http", most: 0.6 }],
    },
  ],
]);
