// Every argument of every public function, and values that it refuses.
import { SO_TYPE, SOL_SOCKET } from "../../../src/index.ts";
import { MAX_FILE_BUFFER_BYTES, MAX_FILE_LIMIT_BYTES } from "../../../src/socket/file-options.ts";
import type { Fault } from "./bad-argument.ts";
import { connectedSubject, fresh, listeningSubject, type Subject } from "./subjects.ts";

/** Values that an argument must refuse, by the kind of fault. */
export type Refused = Readonly<Partial<Record<Fault, readonly unknown[]>>>;

export interface Row {
  readonly call: string;
  /** The name of the argument in the error. */
  readonly argument: string;
  readonly refused: Refused;
  /** Makes the socket to call it on. Functions of the module have none. */
  readonly on?: () => Subject;
  readonly gives: "value" | "promise";
  /** Returns all arguments of the call, with the wrong one in its place. */
  readonly with: (wrong: unknown) => readonly unknown[];
}

const NOT_INTEGERS = [1.5, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
const NOT_NUMBERS = ["1", null, true, 1n, {}, [1], () => 1, Symbol("one")];

/** An integer in a range. An optional one may be undefined. */
export function integer(least: number, most: number, need: "needed" | "optional"): Refused {
  return {
    type: need === "needed" ? [undefined, ...NOT_NUMBERS] : NOT_NUMBERS,
    range: [...NOT_INTEGERS, least - 1, most + 1, -(2 ** 53), 2 ** 53],
  };
}

export const int32 = (need: "needed" | "optional"): Refused => integer(-(2 ** 31), 2 ** 31 - 1, need);
const count = integer(0, 0x7ffff000, "needed");
const room: Refused = { type: [undefined, null, 16, "room", true, {}, [1, 2], new ArrayBuffer(8), () => 1] };
const data: Refused = {
  type: [undefined, null, 16, true, 1n, {}, [1, 2], new ArrayBuffer(8), () => 1, Symbol("data")],
};
const address: Refused = { type: [undefined, null, 80, "127.0.0.1:80", true, () => 1] };
export const options: Refused = { type: [null, 5, "flags", true, Symbol("options")] };
export const signal: Refused = { type: [null, 5, "signal", {}, new EventTarget(), () => 1] };
const tooMany = Array.from({ length: 1025 }, () => new Uint8Array(1));

const here = { host: "127.0.0.1", port: 9 };

interface Call {
  readonly call: string;
  readonly on: () => Subject;
  /** Valid arguments, without the options. */
  readonly right: readonly unknown[];
}

const receives: readonly Call[] = [
  { call: "recv", on: connectedSubject, right: [16] },
  { call: "recv_into", on: connectedSubject, right: [new Uint8Array(16)] },
  { call: "recvfrom", on: connectedSubject, right: [16] },
  { call: "recvfrom_into", on: connectedSubject, right: [new Uint8Array(16)] },
  { call: "recvmsg", on: connectedSubject, right: [16] },
  { call: "recvmsg_into", on: connectedSubject, right: [[new Uint8Array(16)]] },
];
const sends: readonly Call[] = [
  { call: "send", on: connectedSubject, right: ["x"] },
  { call: "sendall", on: connectedSubject, right: ["x"] },
  { call: "sendto", on: fresh, right: ["x", here] },
  { call: "sendmsg", on: connectedSubject, right: [["x"]] },
];
const waits: readonly Call[] = [
  ...receives,
  ...sends,
  { call: "sendfile", on: connectedSubject, right: [0, 0, 1] },
  { call: "accept", on: listeningSubject, right: [] },
  { call: "readable", on: connectedSubject, right: [] },
  { call: "writable", on: connectedSubject, right: [] },
  { call: "connect", on: fresh, right: [here] },
  { call: "connect_ex", on: fresh, right: [here] },
  { call: "serve", on: listeningSubject, right: [() => undefined] },
];

const promise = { gives: "promise" } as const;
const value = { gives: "value" } as const;

const optionRows = waits.flatMap(({ call, on, right }): Row[] => [
  { call, on, ...promise, argument: "options", refused: options, with: (wrong) => [...right, wrong] },
  { call, on, ...promise, argument: "options.signal", refused: signal, with: (wrong) => [...right, { signal: wrong }] },
]);

const flagRows = [...receives, ...sends].map(
  ({ call, on, right }): Row => ({
    ...promise,
    call,
    on,
    argument: "options.flags",
    refused: int32("optional"),
    with: (wrong) => [...right, { flags: wrong }],
  }),
);

const optionalTimeout = {
  type: NOT_NUMBERS.filter((each) => each !== null),
  range: [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -1, -0.5, 2 ** 31],
};

const timeout: Refused = { ...optionalTimeout, type: [undefined, ...optionalTimeout.type] };

/** A socket option as an integer or as bytes. */
const optionValue: Refused = {
  type: [undefined, null, true, "1", 1n, {}, [1], new ArrayBuffer(4), () => 1],
  range: [...NOT_INTEGERS, 2 ** 31, -(2 ** 31) - 1],
};

/** socket(7), SCM_CREDENTIALS: it is never sent, because the message beside it is invalid. */
const rightControl = { level: SOL_SOCKET, type: 2, data: new Uint8Array(12) };

/** The arguments of a valid call; a wrong one replaces one of them. */
const sendFds = (): readonly unknown[] => [connectedSubject().socket, ["x"], [0], 0, undefined, {}];
const recvFds = (): readonly unknown[] => [connectedSubject().socket, 16, 4, 0, {}];
const notSockets = { type: [undefined, null, 5, "socket", {}] };

const descriptorRows: readonly Row[] = [
  ...(["send_fds", "recv_fds"] as const).flatMap((call): Row[] => {
    const right = call === "send_fds" ? sendFds : recvFds;
    const at = call === "send_fds" ? 5 : 4;
    return [
      { call, ...promise, argument: "socket", refused: notSockets, with: (wrong) => right().with(0, wrong) },
      { call, ...promise, argument: "flags", refused: int32("optional"), with: (wrong) => right().with(3, wrong) },
      { call, ...promise, argument: "options", refused: options, with: (wrong) => right().with(at, wrong) },
      {
        call,
        ...promise,
        argument: "options.signal",
        refused: signal,
        with: (wrong) => right().with(at, { signal: wrong }),
      },
    ];
  }),
  {
    call: "send_fds",
    ...promise,
    argument: "buffers",
    refused: { type: [undefined, null, 5, "x", {}, new Uint8Array(4)] },
    with: (wrong) => sendFds().with(1, wrong),
  },
  {
    call: "send_fds",
    ...promise,
    argument: "buffers[1]",
    refused: data,
    with: (wrong) => sendFds().with(1, ["x", wrong]),
  },
  {
    call: "send_fds",
    ...promise,
    argument: "buffers.length",
    refused: { range: [tooMany] },
    with: (wrong) => sendFds().with(1, wrong),
  },
  {
    call: "send_fds",
    ...promise,
    argument: "fds",
    refused: { type: [undefined, null, 5, "x", {}, new Int32Array(1)] },
    with: (wrong) => sendFds().with(2, wrong),
  },
  {
    call: "send_fds",
    ...promise,
    argument: "fds.length",
    refused: { range: [Array.from({ length: 254 }, () => 0)] },
    with: (wrong) => sendFds().with(2, wrong),
  },
  {
    call: "send_fds",
    ...promise,
    argument: "fds[1]",
    refused: integer(0, 2 ** 31 - 1, "needed"),
    with: (wrong) => sendFds().with(2, [0, wrong]),
  },
  {
    call: "send_fds",
    ...promise,
    argument: "address",
    refused: { type: [null, 5, "path", true] },
    with: (wrong) => sendFds().with(4, wrong),
  },
  { call: "recv_fds", ...promise, argument: "count", refused: count, with: (wrong) => recvFds().with(1, wrong) },
  {
    call: "recv_fds",
    ...promise,
    argument: "maxFds",
    refused: integer(0, 253, "needed"),
    with: (wrong) => recvFds().with(2, wrong),
  },
];

const connectionRows: readonly Row[] = [
  { call: "create_connection", ...promise, argument: "address", refused: address, with: (wrong) => [wrong] },
  {
    call: "create_connection",
    ...promise,
    argument: "address.host",
    refused: { type: [undefined, null, 5, true, {}] },
    with: (wrong) => [{ host: wrong, port: 1 }],
  },
  {
    call: "create_connection",
    ...promise,
    argument: "address.port",
    refused: { type: [undefined, null, "1", true, {}], port: [-1, 65_536, 1.5, Number.NaN] },
    with: (wrong) => [{ host: "name.example", port: wrong }],
  },
  {
    call: "create_connection",
    ...promise,
    argument: "address.family",
    refused: int32("optional"),
    with: (wrong) => [{ ...here, family: wrong }],
  },
  { call: "create_connection", ...promise, argument: "options", refused: options, with: (wrong) => [here, wrong] },
  {
    call: "create_connection",
    ...promise,
    argument: "options.signal",
    refused: signal,
    with: (wrong) => [here, { signal: wrong }],
  },
  {
    call: "create_connection",
    ...promise,
    argument: "options.timeoutMs",
    refused: optionalTimeout,
    with: (wrong) => [here, { timeoutMs: wrong }],
  },
  {
    call: "create_connection",
    ...promise,
    argument: "options.all_errors",
    refused: { type: [null, 0, 1, "true", {}] },
    with: (wrong) => [here, { all_errors: wrong }],
  },
  {
    call: "create_connection",
    ...promise,
    argument: "options.source_address",
    refused: { type: [null, 5, "127.0.0.1", true] },
    with: (wrong) => [here, { source_address: wrong }],
  },
  {
    call: "create_connection",
    ...promise,
    argument: "options.source_address.port",
    refused: { type: [undefined, null, "1"], port: [-1, 65_536, 1.5] },
    with: (wrong) => [here, { source_address: { host: "127.0.0.1", port: wrong } }],
  },
];

const serverRows: readonly Row[] = [
  { call: "create_server", ...value, argument: "address", refused: address, with: (wrong) => [wrong] },
  {
    call: "create_server",
    ...value,
    argument: "address.family",
    refused: int32("optional"),
    with: (wrong) => [{ host: "127.0.0.1", port: 0, family: wrong }],
  },
  { call: "create_server", ...value, argument: "options", refused: options, with: (wrong) => [here, wrong] },
  {
    call: "create_server",
    ...value,
    argument: "options.family",
    refused: int32("optional"),
    with: (wrong) => [here, { family: wrong }],
  },
  {
    call: "create_server",
    ...value,
    argument: "options.backlog",
    refused: integer(0, 2 ** 31 - 1, "optional"),
    with: (wrong) => [here, { backlog: wrong }],
  },
  ...["reuse_port", "dualstack_ipv6"].map(
    (option): Row => ({
      call: "create_server",
      ...value,
      argument: `options.${option}`,
      refused: { type: [null, 0, 1, "true", {}] },
      with: (wrong) => [here, { [option]: wrong }],
    }),
  ),
];

export const rows: readonly Row[] = [
  ...["socket", "Socket"].flatMap((call): Row[] => [
    { call, ...value, argument: "family", refused: int32("optional"), with: (wrong) => [wrong] },
    { call, ...value, argument: "type", refused: int32("optional"), with: (wrong) => [2, wrong] },
    { call, ...value, argument: "protocol", refused: int32("optional"), with: (wrong) => [2, 1, wrong] },
  ]),
  { call: "adopt", ...value, argument: "descriptor", refused: int32("needed"), with: (wrong) => [wrong] },
  { call: "fromfd", ...value, argument: "descriptor", refused: int32("needed"), with: (wrong) => [wrong, 2, 1] },
  { call: "fromfd", ...value, argument: "family", refused: int32("needed"), with: (wrong) => [-1, wrong, 1] },
  { call: "fromfd", ...value, argument: "type", refused: int32("needed"), with: (wrong) => [-1, 2, wrong] },
  { call: "fromfd", ...value, argument: "protocol", refused: int32("optional"), with: (wrong) => [-1, 2, 1, wrong] },
  { call: "socketpair", ...value, argument: "family", refused: int32("optional"), with: (wrong) => [wrong] },
  { call: "socketpair", ...value, argument: "type", refused: int32("optional"), with: (wrong) => [1, wrong] },
  { call: "socketpair", ...value, argument: "protocol", refused: int32("optional"), with: (wrong) => [1, 1, wrong] },
  ...["CMSG_LEN", "CMSG_SPACE"].map(
    (call): Row => ({
      call,
      ...value,
      argument: "dataBytes",
      refused: integer(0, 2 ** 20, "needed"),
      with: (wrong) => [wrong],
    }),
  ),

  { call: "bind", on: fresh, ...value, argument: "address", refused: address, with: (wrong) => [wrong] },
  { call: "connect", on: fresh, ...promise, argument: "address", refused: address, with: (wrong) => [wrong] },
  { call: "connect_ex", on: fresh, ...promise, argument: "address", refused: address, with: (wrong) => [wrong] },
  { call: "sendto", on: fresh, ...promise, argument: "address", refused: address, with: (wrong) => ["x", wrong] },
  {
    call: "sendmsg",
    on: fresh,
    ...promise,
    argument: "options.address",
    refused: { type: [null, 80, "127.0.0.1:80", true, () => 1] },
    with: (wrong) => [["x"], { address: wrong }],
  },

  {
    call: "listen",
    on: fresh,
    ...value,
    argument: "backlog",
    refused: integer(0, 2 ** 31 - 1, "optional"),
    with: (wrong) => [wrong],
  },
  {
    call: "shutdown",
    on: connectedSubject,
    ...value,
    argument: "how",
    refused: int32("optional"),
    with: (wrong) => [wrong],
  },
  {
    call: "settimeout",
    on: connectedSubject,
    ...value,
    argument: "timeoutMs",
    refused: timeout,
    with: (wrong) => [wrong],
  },
  { call: "setdefaulttimeout", ...value, argument: "timeoutMs", refused: timeout, with: (wrong) => [wrong] },
  {
    call: "set_inheritable",
    on: connectedSubject,
    ...value,
    argument: "inheritable",
    refused: { type: [undefined, null, 0, 1, "true", {}] },
    with: (wrong) => [wrong],
  },
  {
    call: "setblocking",
    on: connectedSubject,
    ...value,
    argument: "blocking",
    refused: { type: [undefined, null, 0, 1, "true", {}] },
    with: (wrong) => [wrong],
  },
  { call: "detach", on: connectedSubject, ...value, argument: "options", refused: options, with: (wrong) => [wrong] },
  {
    call: "detach",
    on: connectedSubject,
    ...value,
    argument: "options.blocking",
    refused: { type: [null, 0, 1, "true", {}] },
    with: (wrong) => [{ blocking: wrong }],
  },
  {
    call: "getsockopt",
    on: connectedSubject,
    ...value,
    argument: "level",
    refused: int32("needed"),
    with: (wrong) => [wrong, SO_TYPE],
  },
  {
    call: "getsockopt",
    on: connectedSubject,
    ...value,
    argument: "option",
    refused: int32("needed"),
    with: (wrong) => [SOL_SOCKET, wrong],
  },
  {
    call: "getsockopt",
    on: connectedSubject,
    ...value,
    argument: "length",
    refused: integer(0, 65_536, "optional"),
    with: (wrong) => [SOL_SOCKET, SO_TYPE, wrong],
  },
  {
    call: "setsockopt",
    on: connectedSubject,
    ...value,
    argument: "level",
    refused: int32("needed"),
    with: (wrong) => [wrong, 2, 1],
  },
  {
    call: "setsockopt",
    on: connectedSubject,
    ...value,
    argument: "option",
    refused: int32("needed"),
    with: (wrong) => [SOL_SOCKET, wrong, 1],
  },
  {
    call: "setsockopt",
    on: connectedSubject,
    ...value,
    argument: "value",
    refused: optionValue,
    with: (wrong) => [SOL_SOCKET, 2, wrong],
  },
  {
    call: "setsockopt",
    on: connectedSubject,
    ...value,
    argument: "value.length",
    refused: { range: [new Uint8Array(65_537)] },
    with: (wrong) => [SOL_SOCKET, 2, wrong],
  },

  { call: "recv", on: connectedSubject, ...promise, argument: "count", refused: count, with: (wrong) => [wrong] },
  { call: "recvfrom", on: connectedSubject, ...promise, argument: "count", refused: count, with: (wrong) => [wrong] },
  { call: "recvmsg", on: connectedSubject, ...promise, argument: "count", refused: count, with: (wrong) => [wrong] },
  { call: "recv_into", on: connectedSubject, ...promise, argument: "buffer", refused: room, with: (wrong) => [wrong] },
  {
    call: "recvfrom_into",
    on: connectedSubject,
    ...promise,
    argument: "buffer",
    refused: room,
    with: (wrong) => [wrong],
  },
  { call: "tryRecv", on: connectedSubject, ...value, argument: "buffer", refused: room, with: (wrong) => [wrong] },
  {
    call: "tryRecv",
    on: connectedSubject,
    ...value,
    argument: "flags",
    refused: int32("optional"),
    with: (wrong) => [new Uint8Array(1), wrong],
  },
  { call: "send", on: connectedSubject, ...promise, argument: "data", refused: data, with: (wrong) => [wrong] },
  { call: "sendall", on: connectedSubject, ...promise, argument: "data", refused: data, with: (wrong) => [wrong] },
  { call: "sendto", on: fresh, ...promise, argument: "data", refused: data, with: (wrong) => [wrong, here] },
  {
    call: "sendfile",
    on: connectedSubject,
    ...promise,
    argument: "file",
    refused: {
      type: [undefined, null, "file", true, {}, { fd: "0" }, 1n, new URL("file:///dev/null")],
      range: [-1, 1.5, Number.NaN, 2 ** 31],
    },
    with: (wrong) => [wrong],
  },
  {
    call: "sendfile",
    on: connectedSubject,
    ...promise,
    argument: "offset",
    refused: { type: NOT_NUMBERS, range: [...NOT_INTEGERS, -1, 2 ** 53] },
    with: (wrong) => [0, wrong],
  },
  {
    call: "sendfile",
    on: connectedSubject,
    ...promise,
    argument: "count",
    refused: { type: NOT_NUMBERS.filter((each) => each !== null), range: [...NOT_INTEGERS, 0, -1, 2 ** 53] },
    with: (wrong) => [0, 0, wrong],
  },
  { call: "trySend", on: connectedSubject, ...value, argument: "data", refused: data, with: (wrong) => [wrong] },
  {
    call: "trySend",
    on: connectedSubject,
    ...value,
    argument: "flags",
    refused: int32("optional"),
    with: (wrong) => ["x", wrong],
  },

  ...(["recvmsg_into", "sendmsg"] as const).flatMap((call): Row[] => [
    {
      call,
      on: connectedSubject,
      ...promise,
      argument: "buffers",
      refused: { type: [undefined, null, 5, "x", {}, { length: 1 }, new Uint8Array(4), new Set()] },
      with: (wrong) => [wrong],
    },
    {
      call,
      on: connectedSubject,
      ...promise,
      argument: "buffers.length",
      refused: { range: [tooMany] },
      with: (wrong) => [wrong],
    },
    {
      call,
      on: connectedSubject,
      ...promise,
      argument: "buffers[1]",
      refused: call === "sendmsg" ? data : room,
      with: (wrong) => [[new Uint8Array(1), wrong]],
    },
    // A hole in the array reads as undefined and is refused too.
    {
      call,
      on: connectedSubject,
      ...promise,
      argument: "buffers[0]",
      refused: { type: [Object.assign([], { 1: new Uint8Array(1) })] },
      with: (wrong) => [wrong],
    },
  ]),
  {
    call: "sendmsg",
    on: connectedSubject,
    ...promise,
    argument: "options.control",
    refused: { type: [null, 5, "x", {}, new Uint8Array(16)] },
    with: (wrong) => [["x"], { control: wrong }],
  },
  {
    call: "sendmsg",
    on: connectedSubject,
    ...promise,
    argument: "options.control[0]",
    refused: { type: [undefined, null, 5, "x"] },
    with: (wrong) => [["x"], { control: [wrong] }],
  },
  ...(["level", "type"] as const).map(
    (field): Row => ({
      call: "sendmsg",
      on: connectedSubject,
      ...promise,
      argument: `options.control[1].${field}`,
      refused: int32("needed"),
      with: (wrong) => [["x"], { control: [rightControl, { ...rightControl, [field]: wrong }] }],
    }),
  ),
  {
    call: "sendmsg",
    on: connectedSubject,
    ...promise,
    argument: "options.control[1].data",
    refused: room,
    with: (wrong) => [["x"], { control: [rightControl, { ...rightControl, data: wrong }] }],
  },
  ...(["recvmsg", "recvmsg_into"] as const).map(
    (call): Row => ({
      call,
      on: connectedSubject,
      ...promise,
      argument: "options.control",
      refused: integer(0, 2 ** 20, "optional"),
      with: (wrong) => [call === "recvmsg" ? 1 : [new Uint8Array(1)], { control: wrong }],
    }),
  ),
  {
    call: "makefile",
    on: connectedSubject,
    ...value,
    argument: "mode",
    refused: { type: [null, 1, true, {}, ["r"]], value: ["a", "r+", "x", "rt", "R", "r ", "U"] },
    with: (wrong) => [wrong],
  },
  {
    call: "makefile",
    on: connectedSubject,
    ...value,
    argument: "options.buffering",
    refused: { ...integer(-1, MAX_FILE_BUFFER_BYTES, "optional"), value: [0] },
    with: (wrong) => ["r", { buffering: wrong }],
  },
  {
    call: "makefile",
    on: connectedSubject,
    ...value,
    argument: "options.encoding",
    refused: { type: [null, 8, {}], value: ["", "utf-9", "nothing"] },
    with: (wrong) => ["r", { encoding: wrong }],
  },
  {
    call: "makefile",
    on: connectedSubject,
    ...value,
    argument: "options.encoding",
    refused: { value: ["shift_jis", "utf-9"] },
    with: (wrong) => ["w", { encoding: wrong }],
  },
  {
    call: "makefile",
    on: connectedSubject,
    ...value,
    argument: "options.errors",
    refused: { type: [null, 1], value: ["ignore", ""] },
    with: (wrong) => ["r", { errors: wrong }],
  },
  {
    call: "makefile",
    on: connectedSubject,
    ...value,
    argument: "options.newline",
    refused: { type: [10, true], value: ["x", "\n\r"] },
    with: (wrong) => ["r", { newline: wrong }],
  },
  ...(["encoding", "errors", "newline"] as const).map(
    (option): Row => ({
      call: "makefile",
      on: connectedSubject,
      ...value,
      argument: `options.${option}`,
      refused: { value: [{ encoding: "utf-8", errors: "strict", newline: "\n" }[option]] },
      with: (wrong) => ["rb", { [option]: wrong }],
    }),
  ),
  ...(["maxLineBytes", "maxReadBytes"] as const).map(
    (option): Row => ({
      call: "makefile",
      on: connectedSubject,
      ...value,
      argument: `options.${option}`,
      refused: integer(1, MAX_FILE_LIMIT_BYTES, "optional"),
      with: (wrong) => ["r", { [option]: wrong }],
    }),
  ),
  {
    call: "makefile",
    on: connectedSubject,
    ...value,
    argument: "options",
    refused: options,
    with: (wrong) => ["r", wrong],
  },
  {
    call: "serve",
    on: listeningSubject,
    ...promise,
    argument: "handler",
    refused: { type: [undefined, null, {}, "handler"] },
    with: (wrong) => [wrong],
  },
  {
    call: "serve",
    on: listeningSubject,
    ...promise,
    argument: "options.onError",
    refused: { type: [null, {}, "log", 5] },
    with: (wrong) => [() => undefined, { onError: wrong }],
  },
  ...descriptorRows,
  ...serverRows,
  ...connectionRows,
  ...optionRows,
  ...flagRows,
];
