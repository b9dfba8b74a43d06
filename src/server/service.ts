import { EventEmitter } from "node:events";
import { checkDefinition, functionOf, integer, type OptionNames, wrongType } from "../socket/values.ts";
import type { Connection } from "./connection/connection.ts";
import type { Peer } from "./transport/peer.ts";

/** A received datagram, and a function that replies to it. */
export interface DatagramMessage {
  readonly data: Buffer;
  readonly peer: Peer;
  /**
   * Sends one datagram to the sender of this one. Returns true when the server accepts it for sending. Returns false, and counts
   * the reply as dropped, when it cannot be sent: the server has closed, the sender has port 0 or no name, the datagram is too
   * long, or too many wait already. An error of the kernel goes to `onError`.
   *
   * @throws TypeError when `data` is neither text nor bytes.
   */
  reply(data: Uint8Array | string): boolean;
}

/** A service: the functions that a server calls for its connections and datagrams. */
export interface Service {
  /** The name of the service in metrics and diagnostics messages. */
  readonly name: string;
  /** The protocols that the service speaks, such as `"http"`: a server accepts it on URLs whose scheme needs that protocol. */
  readonly protocols?: readonly string[] | undefined;
  /**
   * The server calls this function once for each connection. When it returns, or its promise resolves, and no push and no hold
   * is active (`onBytes`, `onFrame`, `hold`), the server flushes and ends the connection. When it throws or rejects, the
   * server aborts the connection.
   */
  stream?(connection: Connection): void | Promise<void>;
  /** The server calls this function once for each datagram. */
  datagram?(message: DatagramMessage): void | Promise<void>;
  /**
   * The function that answers HTTP requests. An `HttpService` of `sockwright/http` has it, so that `mounts()` can combine several
   * services on one listener. The server itself does not call it.
   */
  readonly request?: ((request: never, context: never) => unknown) | undefined;
  /** The function that an HTTP service calls after each answered request. The server itself does not call it. */
  readonly onExchange?: ((exchange: never) => void) | undefined;
  /** Size of a request body of an HTTP service that shares a listener, in bytes. The server itself does not use it. */
  readonly maxBodyBytes?: number | undefined;
  /** The server calls this function before it opens the first listener. `serve` waits for it, and rejects with what it throws. */
  start?(): void | Promise<void>;
  /** The server calls this function after the last connection has ended, or when the grace of its `close()` is over. */
  stop?(): void | Promise<void>;
}

/** A service, or only its function for connections. */
export type ServiceInput = Service | ((connection: Connection) => void | Promise<void>);

const SERVICE: OptionNames<Service> = {
  name: true,
  protocols: true,
  stream: true,
  datagram: true,
  request: true,
  onExchange: true,
  maxBodyBytes: true,
  start: true,
  stop: true,
};

/**
 * The service that the caller passed; a function becomes a service with that `stream`.
 *
 * @throws TypeError when `input` is no service.
 */
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
  if (input.maxBodyBytes !== undefined) {
    integer("service.maxBodyBytes", input.maxBodyBytes, 0, Number.MAX_SAFE_INTEGER);
  }
  for (const name of ["stream", "datagram", "request", "onExchange", "start", "stop"] as const) {
    if (input[name] !== undefined) functionOf(`service.${name}`, input[name]);
  }
  return input;
}

/** The advice for `serve(url, createServer(app))`: a server of node:http is no service, but one line makes it one. */
const NO_SERVER_OF_NODE = 'a service: write (connection) => void http.emit("connection", connection.stream())';
const FORM = ", or a function (connection) => … for connections";
