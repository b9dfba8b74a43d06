// The functions of the module for names and numbers: hosts, services, protocols, interfaces and addresses.
import { AF_INET, AF_INET6 } from "../../../src/index.ts";
import { int32, integer, options, type Refused, type Row, signal } from "./argument-table.ts";

const NO_TEXTS = [undefined, null, 5, true, 1n, {}, ["name"], Buffer.from("name"), () => "name"];
const text: Refused = { type: NO_TEXTS, value: ["na\0me"] };
/** At most 255 bytes. */
const shortText: Refused = { ...text, range: ["n".repeat(256), "é".repeat(128)] };
const hostText: Refused = { ...text, range: ["n".repeat(256)] };
const noPorts = { port: [-1, 65_536, 1.5, Number.NaN] };
const bytes: Refused = { type: [undefined, null, 16, "1234", {}, [1, 2, 3, 4], new ArrayBuffer(4)] };

const value = { gives: "value" } as const;
const promise = { gives: "promise" } as const;

/** Functions that may wait, with valid arguments. */
const waits: readonly { readonly call: string; readonly right: readonly unknown[] }[] = [
  { call: "getaddrinfo", right: ["127.0.0.1", 80] },
  { call: "getnameinfo", right: [{ host: "127.0.0.1", port: 80 }, 0] },
  { call: "gethostbyname", right: ["127.0.0.1"] },
  { call: "gethostbyname_ex", right: ["127.0.0.1"] },
  { call: "gethostbyaddr", right: ["127.0.0.1"] },
  { call: "getfqdn", right: ["127.0.0.1"] },
];

export const nameRows: readonly Row[] = [
  ...waits.flatMap(({ call, right }): Row[] => [
    { call, ...promise, argument: "options", refused: options, with: (wrong) => [...right, wrong] },
    { call, ...promise, argument: "options.signal", refused: signal, with: (wrong) => [...right, { signal: wrong }] },
  ]),
  {
    call: "getaddrinfo",
    ...promise,
    argument: "host",
    refused: { ...hostText, type: NO_TEXTS.filter((each) => each !== null) },
    with: (wrong) => [wrong, 80],
  },
  {
    call: "getaddrinfo",
    ...promise,
    argument: "port",
    refused: { type: [undefined, true, 1n, {}, ["80"]], value: ["ht\0tp"], range: ["n".repeat(256)], ...noPorts },
    with: (wrong) => ["127.0.0.1", wrong],
  },
  ...["family", "type", "proto", "flags"].map(
    (option): Row => ({
      call: "getaddrinfo",
      ...promise,
      argument: `options.${option}`,
      refused: int32("optional"),
      with: (wrong) => ["127.0.0.1", 80, { [option]: wrong }],
    }),
  ),
  {
    call: "getnameinfo",
    ...promise,
    argument: "address",
    refused: { type: [undefined, null, 80, "127.0.0.1", true] },
    with: (wrong) => [wrong],
  },
  {
    call: "getnameinfo",
    ...promise,
    argument: "address.host",
    refused: { type: [undefined, null, 5, {}], value: ["name.example"] },
    with: (wrong) => [{ host: wrong, port: 80 }],
  },
  {
    call: "getnameinfo",
    ...promise,
    argument: "address.port",
    refused: { type: [undefined, null, "80", {}], ...noPorts },
    with: (wrong) => [{ host: "127.0.0.1", port: wrong }],
  },
  {
    call: "getnameinfo",
    ...promise,
    argument: "address.family",
    refused: { value: [1, "inet", null] },
    with: (wrong) => [{ host: "127.0.0.1", port: 80, family: wrong }],
  },
  {
    call: "getnameinfo",
    ...promise,
    argument: "flags",
    refused: int32("optional"),
    with: (wrong) => [{ host: "127.0.0.1", port: 80 }, wrong],
  },
  ...["gethostbyname", "gethostbyname_ex"].map(
    (call): Row => ({ call, ...promise, argument: "name", refused: hostText, with: (wrong) => [wrong] }),
  ),
  { call: "gethostbyaddr", ...promise, argument: "address", refused: hostText, with: (wrong) => [wrong] },
  {
    call: "getfqdn",
    ...promise,
    argument: "name",
    refused: { type: NO_TEXTS.filter((each) => each !== undefined) },
    with: (wrong) => [wrong],
  },

  { call: "getservbyname", ...value, argument: "name", refused: shortText, with: (wrong) => [wrong] },
  {
    call: "getservbyport",
    ...value,
    argument: "port",
    refused: { type: [undefined, null, "80", {}], ...noPorts },
    with: (wrong) => [wrong],
  },
  ...["getservbyname", "getservbyport"].map(
    (call): Row => ({
      call,
      ...value,
      argument: "protocol",
      refused: { ...shortText, type: NO_TEXTS.filter((each) => each !== undefined) },
      with: (wrong) => [call === "getservbyname" ? "http" : 80, wrong],
    }),
  ),
  { call: "getprotobyname", ...value, argument: "name", refused: shortText, with: (wrong) => [wrong] },
  { call: "if_nametoindex", ...value, argument: "name", refused: text, with: (wrong) => [wrong] },
  {
    call: "if_indextoname",
    ...value,
    argument: "index",
    refused: integer(0, 2 ** 32 - 1, "needed"),
    with: (wrong) => [wrong],
  },

  ...["htons", "ntohs", "htonl", "ntohl"].map(
    (call): Row => ({
      call,
      ...value,
      argument: "value",
      refused: integer(0, call.endsWith("s") ? 0xffff : 0xffffffff, "needed"),
      with: (wrong) => [wrong],
    }),
  ),
  ...["inet_pton", "inet_ntop"].map(
    (call): Row => ({
      call,
      ...value,
      argument: "family",
      refused: int32("needed"),
      with: (wrong) => [wrong, call === "inet_pton" ? "127.0.0.1" : Buffer.alloc(4)],
    }),
  ),
  ...[AF_INET, AF_INET6].flatMap((family): Row[] => [
    {
      call: "inet_pton",
      ...value,
      argument: "text",
      refused: { type: NO_TEXTS, value: ["", "127.0.0", "::g", "1".repeat(129), "\0"] },
      with: (wrong) => [family, wrong],
    },
    {
      call: "inet_ntop",
      ...value,
      argument: "packed",
      refused: { ...bytes, value: [Buffer.alloc(0), Buffer.alloc(5), Buffer.alloc(17)] },
      with: (wrong) => [family, wrong],
    },
  ]),
  {
    call: "inet_aton",
    ...value,
    argument: "text",
    refused: { type: NO_TEXTS, value: ["", "name", "1.2.3.4.5", "256.1.1.1", "1".repeat(129), "\0"] },
    with: (wrong) => [wrong],
  },
  {
    call: "inet_ntoa",
    ...value,
    argument: "packed",
    refused: { ...bytes, value: [Buffer.alloc(0), Buffer.alloc(3), Buffer.alloc(16)] },
    with: (wrong) => [wrong],
  },
];
