// Subclasses whose hooks record their calls: the counterpart of test/tools/hook_trace.py.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AddressInput, AF_UNIX, SOCK_STREAM, Socket } from "../../../src/index.ts";
import {
  BaseServer,
  DatagramRequestHandler,
  StreamRequestHandler,
  TCPServer,
  UDPServer,
  UnixDatagramServer,
  UnixStreamServer,
} from "../../../src/socketserver.ts";

export interface HookCase {
  readonly name: string;
  readonly run: "handle_request" | "serve_forever" | "timeout" | "by_hand" | "in_use";
  readonly requests: number;
  /** The hooks that throw. */
  readonly throws: readonly string[];
  /** Whether verify_request returns false. */
  readonly refuses: boolean;
}

const STREAM_SERVERS = { TCPServer, UnixStreamServer };
const DATAGRAM_SERVERS = { UDPServer, UnixDatagramServer };

export type PlainClass = keyof typeof STREAM_SERVERS | keyof typeof DATAGRAM_SERVERS;

const SERVER_HOOKS = [
  ...["server_bind", "server_activate", "server_close", "get_request", "verify_request", "process_request"],
  ...["finish_request", "shutdown_request", "close_request", "handle_error", "handle_timeout", "service_actions"],
];
const HANDLER_HOOKS = ["setup", "handle", "finish"];

class Failure extends Error {}

/** Overrides every hook of an object with a method that records the call first. */
function note(target: object, names: readonly string[], trace: string[], each: HookCase): void {
  for (const name of names) {
    const hook: unknown = Reflect.get(target, name);
    if (typeof hook !== "function") throw new Error(`no hook ${name}`);
    const noted = (...args: unknown[]): unknown => {
      trace.push(name);
      if (each.throws.includes(name)) throw name === "get_request" ? outOfOrder() : new Failure(name);
      if (name === "verify_request" && each.refuses) return false;
      if (name === "handle_error") return undefined;
      if (name === "service_actions" && count(trace, name) >= each.requests && target instanceof BaseServer)
        return target.shutdown();
      return Reflect.apply(hook, target, args);
    };
    Object.defineProperty(target, name, { value: noted, configurable: true });
  }
}

function outOfOrder(): Error {
  return Object.assign(new Error("read EIO"), { code: "EIO", errno: -5, syscall: "read" });
}

function count(trace: readonly string[], name: string): number {
  return trace.filter((each) => each === name).length;
}

/** The trace of a case: the hooks in the order in which they are called, and the error thrown at the end. */
export async function traceOf(name: PlainClass, each: HookCase): Promise<string[]> {
  const trace: string[] = [];
  const folder = mkdtempSync(join(tmpdir(), "hooks-"));
  const opened: { close(): void }[] = [];
  try {
    await run(name, each, folder, trace, opened);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    trace.push(`raised ${error instanceof Failure ? `by ${error.message}` : Reflect.get(error, "code")}`);
  } finally {
    for (const socket of opened) socket.close();
    rmSync(folder, { recursive: true });
  }
  return trace;
}

async function run(
  name: PlainClass,
  each: HookCase,
  folder: string,
  trace: string[],
  opened: { close(): void }[],
): Promise<void> {
  const isUnix = name.startsWith("Unix");
  let address: AddressInput = isUnix ? { path: join(folder, "server") } : { host: "127.0.0.1", port: 0 };
  if (each.run === "in_use") {
    const { address_family, socket_type } = made(name, address, each, []);
    const holder = new Socket(address_family, socket_type);
    opened.push(holder);
    holder.bind(address);
    address = holder.getsockname();
    if (socket_type === SOCK_STREAM) holder.listen();
  }
  const server = made(name, address, each, trace);
  if (each.run === "by_hand") {
    await server.server_bind();
    await server.server_activate();
  } else await server.bind_and_activate();
  try {
    if (each.run === "timeout") {
      server.timeout = 10;
      await server.handle_request();
      return;
    }
    for (let number = 0; number < each.requests; number++) {
      const client = new Socket(server.address_family, server.socket_type);
      opened.push(client);
      if (server.address_family === AF_UNIX && server.socket_type !== SOCK_STREAM) {
        client.bind({ path: join(folder, `client-${number}`) });
      }
      await client.connect(server.server_address);
      await client.send("hello\n");
    }
    if (each.run === "serve_forever") await server.serve_forever(60_000);
    else for (let number = 0; number < each.requests; number++) await server.handle_request();
  } finally {
    await server.server_close();
  }
}

function made(name: PlainClass, address: AddressInput, each: HookCase, trace: string[]): TCPServer | UDPServer {
  class StreamHandler extends StreamRequestHandler {
    override async run(): Promise<void> {
      note(this, HANDLER_HOOKS, trace, each);
      await super.run();
    }
  }
  class DatagramHandler extends DatagramRequestHandler {
    override async run(): Promise<void> {
      note(this, HANDLER_HOOKS, trace, each);
      await super.run();
    }
  }
  const isAtOnce = each.run !== "by_hand";
  const server =
    name in STREAM_SERVERS
      ? new STREAM_SERVERS[name as keyof typeof STREAM_SERVERS](address, StreamHandler, isAtOnce)
      : new DATAGRAM_SERVERS[name as keyof typeof DATAGRAM_SERVERS](address, DatagramHandler, isAtOnce);
  note(server, SERVER_HOOKS, trace, each);
  return server;
}
