// @ts-check

/**
 * What a server does: answer what it reads, answer every 64 bytes of it, answer each line, the same as a handler of
 * socketserver, send it to everybody, answer a request of HTTP, answer each datagram, answer with so many bytes of one
 * buffer, or with a head and a file, which is open or of which it has the path.
 * @typedef {"echo" | "pipeline" | "lines" | "socketserver" | "broadcast" | "http" | "datagrams"
 *   | "bulk-64k" | "bulk-1m" | "file" | "file-path"} Task
 *
 * A goal: the median of the paired ratios `rival ÷ base` is at most `most`, of at least 7 rounds after 1 s of warming up.
 * @typedef {{ rival: string, base: string, most: number }} Goal
 *
 * `load` is the load generator's mode, `server` the argument that the servers get.
 * @typedef {object} Case
 * @property {string} title
 * @property {string} operation what is counted
 * @property {"echo" | "pipeline" | "churn" | "reset" | "lines" | "broadcast" | "http" | "datagrams" | "bulk"} load
 * @property {Task} server
 * @property {number} connections
 * @property {readonly Goal[]} goals
 */

export const MESSAGE_BYTES = 64;
/** What stands before a file, as long as a head of HTTP, and how long the file is. */
export const [HEAD_BYTES, FILE_BYTES] = [200, 64 * 1024];
/**
 * How much a server answers to one request, where that is not the request.
 * @type {ReadonlyMap<Task, number>}
 */
export const ANSWER_BYTES = new Map([
  ["bulk-64k", 64 * 1024],
  ["bulk-1m", 1024 * 1024],
  ["file", HEAD_BYTES + FILE_BYTES],
  ["file-path", HEAD_BYTES + FILE_BYTES],
]);
export const DEFAULT_CASES = ["echo-50", "echo-500", "pipeline", "churn", "lines-50", "lines-500", "broadcast"];

/** @type {readonly Goal[]} */
const ECHO_GOALS = [
  { rival: "async", base: "node-net", most: 0.85 },
  { rival: "ready", base: "epoll", most: 1.3 },
  { rival: "push", base: "uvloop", most: 0.93 },
  { rival: "push", base: "go", most: 0.93 },
];

/** @type {readonly Goal[]} */
const LINES_GOALS = [{ rival: "frames", base: "epoll", most: 1.38 }];

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
      goals: [
        { rival: "push", base: "epoll", most: 1.15 },
        { rival: "serve-async", base: "epoll", most: 1.38 },
        { rival: "async", base: "epoll", most: 1.36 },
        { rival: "async-64k", base: "epoll", most: 1.36 },
        ...ECHO_GOALS,
      ],
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
      goals: [
        { rival: "push", base: "epoll", most: 1.2 },
        { rival: "serve-async", base: "epoll", most: 1.4 },
        { rival: "async", base: "epoll", most: 1.46 },
        { rival: "async-64k", base: "epoll", most: 1.46 },
        ...ECHO_GOALS,
      ],
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
        { rival: "async", base: "node-net", most: 0.6 },
        { rival: "push", base: "node-net", most: 0.15 },
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
      goals: [
        { rival: "push", base: "epoll", most: 1.22 },
        { rival: "async", base: "node-net", most: 0.6 },
      ],
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
      goals: [
        { rival: "push", base: "epoll", most: 1.22 },
        { rival: "push", base: "node-net", most: 0.8 },
      ],
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
        { rival: "datagram-service", base: "node-dgram", most: 0.5 },
        { rival: "datagram-service", base: "recvmmsg", most: 1.6 },
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
      goals: [{ rival: "socketserver", base: "python-socketserver", most: 0.75 }],
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
      goals: [{ rival: "http-stream", base: "node-http", most: 0.6 }],
    },
  ],
  [
    "bulk-64k",
    {
      title: "Answers of 64 KiB, 10 connections",
      operation: "one request of 64 bytes and its answer of 64 KiB, one in flight on each connection",
      load: "bulk",
      server: "bulk-64k",
      connections: 10,
      goals: [],
    },
  ],
  [
    "bulk-1m",
    {
      title: "Answers of 1 MiB, 4 connections",
      operation: "one request of 64 bytes and its answer of 1 MiB, one in flight on each connection",
      load: "bulk",
      server: "bulk-1m",
      connections: 4,
      goals: [],
    },
  ],
  [
    "file-64k",
    {
      title: "A head and 64 KiB of an open file, 50 connections",
      operation:
        "one request of 64 bytes and its answer, 200 bytes and 64 KiB of a file, one in flight on each connection",
      load: "bulk",
      server: "file",
      connections: 50,
      goals: [{ rival: "send-file", base: "epoll", most: 1.2 }],
    },
  ],
  [
    "file-path-64k",
    {
      title: "A head and a file of 64 KiB that is opened for it, 50 connections",
      operation:
        "one request of 64 bytes and its answer, 200 bytes and a file of 64 KiB, one in flight on each connection",
      load: "bulk",
      server: "file-path",
      connections: 50,
      goals: [],
    },
  ],
]);
