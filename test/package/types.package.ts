// A TypeScript program, compiled against the declarations of the package by the oldest compiler and with the oldest types of
// Node that README.md names.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { oldestNode } from "../../scripts/node-versions.mjs";
import { read, readme } from "../repository/pages.ts";
import { Project } from "./project.ts";

const OLDEST_TYPESCRIPT = "5.7";

const USER = `
import { AF_INET, SOCK_DGRAM, type Socket, socket, SocketError } from "sockwright";
import { type Codec, lines } from "sockwright/codec";
import { type Connection, connect, type Server, serve } from "sockwright/server";
import { greet } from "sockwright/services/greet";
import { type RelayService, relay } from "sockwright/services/relay";
import { type ManualClock, manualClock, memoryPair } from "sockwright/testing";

const codec: Codec<string> = lines();
const server: Server = await serve("tcp://127.0.0.1:0", async (connection: Connection) => {
  for await (const line of connection.frames(codec)) connection.write(\`Hello, \${line}!\\n\`);
});
const greeter: Server = await serve(["tcp://127.0.0.1:0", "udp://127.0.0.1:0"], greet());
export const relayed: RelayService = relay({ to: greeter.urls[0] ?? "", idleTimeoutMs: 60_000 });
await using client = await connect(server.urls[0] ?? "");
export const data: Buffer | null | undefined = await client.read();
const datagrams = socket(AF_INET, SOCK_DGRAM);
for await (const [bytes, address] of datagrams) console.log(bytes.toString("hex"), address);
export const stream: Socket = socket();
export const received: Buffer = await stream.recv(1_024);
export const clock: ManualClock = manualClock();
export const pair = await memoryPair();
export const failed = (error: unknown): string => (error instanceof SocketError ? error.code : "");
await greeter.close();
// @ts-expect-error: the declarations are read, and none of them is \`any\`.
export const wrong: number = stream.getsockname();
`;

// Subclasses as Python users write them: class attributes as fields, hooks overridden, mixins, handlers by module.
const SERVERS = `
import { AF_UNIX, Socket, type SocketFile, socket } from "sockwright";
import {
  type Address,
  BaseRequestHandler,
  BaseServer,
  DatagramRequestHandler,
  ForkingMixIn,
  ForkingTCPServer,
  type ModuleHandler,
  StreamRequestHandler,
  TCPServer,
  ThreadingMixIn,
  ThreadingTCPServer,
  ThreadingUDPServer,
  UDPServer,
  UnixDatagramServer,
  UnixStreamServer,
} from "sockwright/socketserver";

class Echo extends StreamRequestHandler {
  override timeout = 5_000;
  override async handle(): Promise<void> {
    const line = await this.rfile.readline();
    const written: number = await this.wfile.write(line);
    console.log(written, this.client_address.host, this.request.fileno());
  }
}
class DatagramEcho extends DatagramRequestHandler {
  override async handle() {
    await this.wfile.write(this.packet);
    const from: Socket = this.socket;
    console.log(from.closed);
  }
}
class Server extends TCPServer {
  override allow_reuse_address = true;
  override request_queue_size = 256;
  override timeout: number | null = 1_000;
  override async verify_request(request: Socket, client_address: Address) {
    return client_address.host === "127.0.0.1" && !request.closed;
  }
  override handle_error(request: Socket, _client_address: Address, error: unknown): void {
    console.log(request.fileno(), error);
  }
  override service_actions() {}
}
class Datagrams extends UDPServer {
  override max_packet_size = 65_536;
  override verify_request([data, from]: [Buffer, Socket]) {
    return data.length > 0 && !from.closed;
  }
}
class Threading extends ThreadingMixIn(Server) {
  override daemon_threads = true;
  override max_threads = 4;
}
class Forking extends ForkingMixIn(UnixStreamServer) {
  override max_children = 8;
  override address_family = AF_UNIX;
}
class Names extends BaseServer<string> {
  override get_request(): [string, Address] {
    return ["Ada", this.server_address];
  }
}
class NameHandler extends BaseRequestHandler<string> {
  override handle() {
    console.log(this.request.toUpperCase());
  }
}
const byModule: ModuleHandler = { module: new URL("./handler.js", import.meta.url), name: "Echo" };
const here = { host: "127.0.0.1", port: 0 };
export const [first, ...others] = [
  new Server(here, Echo),
  new Threading(here, byModule),
  new ThreadingTCPServer(here, Echo, false),
  new ForkingTCPServer(here, byModule),
];
export const ofDatagrams = [new Datagrams(here, DatagramEcho), new ThreadingUDPServer(here, DatagramEcho)];
export const unix = [
  new Forking({ path: "server" }, byModule),
  new UnixDatagramServer({ abstract: "server" }, DatagramEcho),
];
export const names = new Names(here, NameHandler);
await using server = new Server(here, Echo);
await server.bind_and_activate();
void server.serve_forever(100);
const listening: Socket = server.socket;
const address: Address = server.server_address;
console.log(listening.fileno(), address.port, server.fileno());
await server.shutdown();
const text: SocketFile<string> = socket().makefile("r");
const bytes: SocketFile<Buffer> = socket().makefile("rwb", { buffering: 0 });
export const line: string = await text.readline();
export const piece: Buffer = await bytes.read(4);
for await (const each of text) console.log(each.trim());
export const sent: number = await socket().sendfile(0, 5, 10);
// @ts-expect-error: a file of text takes no bytes.
await text.write(Buffer.alloc(1));
const mode: string = "rw";
export const either: SocketFile = socket().makefile(mode);
// @ts-expect-error: Python's letter for text is left out.
socket().makefile("rt");
// @ts-expect-error: a handler of datagrams is none for streams.
new TCPServer(here, DatagramEcho);
// @ts-expect-error: a handler of streams is none for datagrams.
new UDPServer(here, Echo);
// @ts-expect-error: a class without run().
new TCPServer(here, class {});
// @ts-expect-error: the declarations are read, and none of them is \`any\`.
export const wrong: string = server.server_address;
// @ts-expect-error: a request of a stream is a socket.
export const wrongRequest: string = new Echo(socket(), address, server).request;
`;

let project: Project;
beforeAll(() => {
  project = new Project([process.execPath]);
  project.install(inject("tarball"), `typescript@~${OLDEST_TYPESCRIPT}.0`, `@types/node@${oldestNode}.0`);
  project.write("user.ts", USER);
  project.write("servers.ts", SERVERS);
});
afterAll(() => project.remove());

/** The errors that the compiler prints for a file; none if it is correct. */
function complaints(file: string, settings: string): string {
  const compiler = join(project.folder, "node_modules/.bin/tsc");
  const always = "--noEmit --strict --target es2022 --lib es2022,esnext.disposable --types node --skipLibCheck false";
  return project.run(compiler, [...`${always} ${settings}`.split(" "), file]).stdout;
}

test.each(["--module nodenext", "--module esnext --moduleResolution bundler"])("%s", (settings) => {
  expect(complaints("user.ts", settings)).toBe("");
  expect(complaints("servers.ts", `${settings} --noImplicitOverride --exactOptionalPropertyTypes`)).toBe("");
});

// TypeScript treats a .ts file as CommonJS if package.json has no "type": "module".
test.each(["node16", "nodenext"])("a project of CommonJS, --module %s", (module) => {
  const common = 'import { socket } from "sockwright";\nsocket().close();\n';
  const dynamic =
    'export async function main() {\n  const { socket } = await import("sockwright");\n  socket().close();\n}\n';
  const manifest = readFileSync(join(project.folder, "package.json"), "utf8");
  project.write("package.json", manifest.replace(/,?\s*"type":\s*"module"/, ""));
  try {
    project.write("common.ts", common);
    expect(complaints("common.ts", `--module ${module}`)).toContain("error TS1479");
    project.write("module.mts", common);
    expect(complaints("module.mts", `--module ${module}`)).toBe("");
    project.write("dynamic.ts", dynamic);
    expect(complaints("dynamic.ts", `--module ${module}`)).toBe("");
  } finally {
    project.write("package.json", manifest);
  }
});

test("README.md and package.json name these versions", () => {
  const { engines } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  expect(engines).toEqual({ node: `>=${oldestNode}` });
  for (const page of Object.values(readme)) {
    expect(read(page)).toMatch(new RegExp(`TypeScript ${OLDEST_TYPESCRIPT.replace(".", "\\.")}\\b`));
    expect(read(page)).toMatch(new RegExp(`@types/node\`? ${oldestNode.replace(".", "\\.")}\\b`));
  }
});
