import { EventEmitter } from "node:events";
import { checkDefinition, functionOf, type OptionNames, wrongType } from "../socket/values.ts";
import type { Connection } from "./connection/connection.ts";
import type { Peer } from "./transport/peer.ts";

/** A datagram that came, and the way back. */
export interface DatagramMessage {
  readonly data: Buffer;
  readonly peer: Peer;
  /**
   * Sends one datagram to where this one came from. True when it was taken to be sent; false, and counted as dropped, when it is
   * known at once that it is not: the server has closed, the sender has port 0 or no name, the datagram is too long, or too much
   * waits. What the kernel says of it is told to `onError`.
   *
   * @throws TypeError when `data` is neither text nor bytes.
   */
  reply(data: Uint8Array | string): boolean;
}

/** What a server does with whom it serves. */
export interface Service {
  readonly name: string;
  /** What it speaks besides plain connections, such as `"http"`: it can be served on URLs that are for that. */
  readonly protocols?: readonly string[] | undefined;
  /**
   * One call for each connection. When the function has returned, or its promise has settled, and no push and no hold goes
   * on (`onBytes`, `onFrame`, `hold`), the connection is flushed and ended; when it throws or rejects, aborted.
   */
  stream?(connection: Connection): void | Promise<void>;
  /** One call for each datagram. */
  datagram?(message: DatagramMessage): void | Promise<void>;
  /** Answers requests of HTTP, also beside other services on one listener: an `HttpService` of `sockwright/http`. */
  readonly request?: ((request: never, context: never) => unknown) | undefined;
  /** Told of each request that was answered. */
  readonly onExchange?: ((exchange: never) => void) | undefined;
  /** Before the first listener is opened; `serve` waits for it, and rejects with what it throws. */
  start?(): void | Promise<void>;
  /** After the last connection has ended, or when the grace of a server that closes is over: see `close()` of the server. */
  stop?(): void | Promise<void>;
}

/** A service, or just the function of one for connections. */
export type ServiceInput = Service | ((connection: Connection) => void | Promise<void>);

const SERVICE: OptionNames<Service> = {
  name: true,
  protocols: true,
  stream: true,
  datagram: true,
  request: true,
  onExchange: true,
  start: true,
  stop: true,
};

/** @throws TypeError for what is no service. */
export function serviceOf(input: ServiceInput): Service {
  if (typeof input === "function") return { name: input.name === "" ? "service" : input.name, stream: input };
  checkDefinition("a service", input, SERVICE, "service", FORM);
  if (typeof input.name !== "string") {
    if (input instanceof EventEmitter) throw wrongType("service", NO_SERVER_OF_NODE, input);
    throw wrongType("service.name", "of type string", input.name);
  }
  const { protocols }: { readonly protocols?: unknown } = input;
  if (protocols !== undefined && !(Array.isArray(protocols) && protocols.every((each) => typeof each === "string"))) {
    throw wrongType("service.protocols", 'an array of names, such as ["http"]', protocols);
  }
  for (const name of ["stream", "datagram", "request", "onExchange", "start", "stop"] as const) {
    if (input[name] !== undefined) functionOf(`service.${name}`, input[name]);
  }
  return input;
}

/** `serve(url, createServer(app))`: a server of node:http is no service, and one line from it. */
const NO_SERVER_OF_NODE = 'a service: write (connection) => void http.emit("connection", connection.stream())';
const FORM = ", or a function (connection) => … for connections";
